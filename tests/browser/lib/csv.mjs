/** Comma-separated values as RFC 4180 has them: quotes around a field, doubled within it. */
export function readCsv(text) {
  const lines = [];
  let [line, field, quoted] = [[], '', false];
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (quoted) {
      if (letter !== '"') field += letter;
      else if (text[at + 1] === '"') field += text[(at += 1)];
      else quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === ',') [line, field] = [[...line, field], ''];
    else if (letter === '\n') {
      lines.push([...line, field]);
      [line, field] = [[], ''];
    } else if (letter !== '\r') field += letter;
  }
  if (quoted) throw new Error('a quote is not closed');
  if (field !== '' || line.length > 0) throw new Error('the last line has no end');
  return lines;
}
