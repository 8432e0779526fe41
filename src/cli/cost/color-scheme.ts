/** Vega's own colours for paper, text and axes, and those that replace them in the dark. */
const DARK = {
  '[fill="white"],[fill="#ffffff"]': 'fill:#16181d',
  '[fill="#000"]': 'fill:#e6e8ee',
  '[stroke="#888"]': 'stroke:#8a91a0',
  '[stroke="#ddd"]': 'stroke:#363b46',
};

/** Lets a drawing of Vega follow the reader's light or dark scheme: a style overrides the attributes that Vega writes. */
export function followColorScheme(svg: string): string {
  const rules = Object.entries(DARK).map(([selector, style]) => `${selector}{${style}}`);
  const style = `<style>@media (prefers-color-scheme:dark){${rules.join('')}}</style>`;
  return svg.replace(/<svg[^>]*>/, (start) => `${start}${style}`);
}

/** Each stands out from the light paper as well as from the dark one, by a contrast of 3 and more. */
export const LINE_COLORS =
  '#3b7dd8 #c9690b #d9484b #2a8f88 #3b8f3b #a37c00 #a35ea0 #d6568f #9a6b4f #7f7f87'.split(' ');
