// JSON whose whole numbers keep all their digits: u64 does not fit JavaScript's numbers.

const MARK = '\u0001u64:';

export function toJson(value) {
  const marked = JSON.stringify(value, (_, member) =>
    typeof member === 'bigint' ? `${MARK}${member}` : member,
  );
  return marked.replace(/"\\u0001u64:(\d+)"/g, '$1');
}
