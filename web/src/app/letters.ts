/** Two letters for each section, which tell them apart when the menu is folded: initials, or the first letter with the next one that nobody has taken. */
export function menuLetters(labels: string[]): string[] {
  const taken = new Set<string>();
  return labels.map((label) => {
    const words = label.split(/\s+/).filter(Boolean);
    const first = label.charAt(0).toUpperCase();
    const rest = [...label.slice(1).replace(/\s+/g, '')].map((letter) => first + letter.toLowerCase());
    const wanted = words.length > 1 ? [`${first}${(words[1] ?? '').charAt(0).toUpperCase()}`, ...rest] : rest;
    const found = wanted.find((item) => !taken.has(item)) ?? wanted[0] ?? first;
    taken.add(found);
    return found;
  });
}
