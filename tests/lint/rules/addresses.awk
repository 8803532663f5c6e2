# A lock file names packages and their hashes, not the host that one of us fetched them from.
FILENAME ~ /package-lock\.json$/ && /"resolved"/ { finding("names a registry address") }
