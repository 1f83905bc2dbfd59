/** One frame of PROTOCOL, as it was parsed. */
export type Frame = Record<string, any>;

/** The frames of a text, one a line; lines that hold none are skipped. */
export function decode(text: string): Frame[] {
  return text.split("\n").flatMap(line => {
    try {
      return JSON.parse(line) || [];
    } catch {
      return [];
    }
  });
}

/** A frame without its opening brace, to be written behind type and id. */
export const rest = (body: object) => JSON.stringify(body).slice(1);

/** Whether the text has at most so many bytes of UTF-8. */
export const fits = (text: string, bytes: number) =>
  text.length * 3 <= bytes || new TextEncoder().encode(text).length <= bytes;
