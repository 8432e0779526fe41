import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { drawPicture, PICTURES, picturesIn } from '../../scripts/pictures.js';

describe('the pictures of the pages', () => {
  it.each(picturesIn(PICTURES))('%s is drawn as it stands', (name) => {
    const drawn = drawPicture(readFileSync(new URL(name, PICTURES), 'utf8'));
    expect(readFileSync(new URL(name.replace(/yaml$/, 'svg'), PICTURES), 'utf8')).toBe(drawn);
  });

  it('refuses what it does not know', () => {
    const picture = 'title: a\ntext: b\nend: 1\nlanes: [{ name: c, spots: [] }]\n';
    expect(() => drawPicture(picture)).toThrow(/spots/);
  });
});
