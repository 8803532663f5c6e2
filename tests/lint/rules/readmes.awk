# A folder's README is at most 40 lines; the one at the root may be longer.
FILENAME ~ /\/README\.md$/ && FNR == 41 { finding("a folder's README has more than 40 lines") }
