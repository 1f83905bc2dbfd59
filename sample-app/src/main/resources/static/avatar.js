/** A steady hue per name; the style sheet turns it into colours for both themes. */
export function paint(avatar, name) {
  let hash = 7;
  for (const c of name) {
    hash = (hash * 31 + c.codePointAt(0)) % 9973;
  }
  avatar.style.setProperty("--hue", String((hash * 137) % 360));
  return avatar;
}
