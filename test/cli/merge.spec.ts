import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument, visit } from 'yaml';
import { STORES } from '../../src/cli/init/blueprint.js';
import { templateFor } from '../../src/cli/init/instructions.js';
import { mergeTemplate } from '../../src/cli/init/merge.js';

const cloudFormation = templateFor('cloudformation', 'dynamodb').text;
const sam = templateFor('sam', 'dynamodb').text;

/** The names of each section, as YAML reads them, tags such as `!Ref` aside. @throws if it is no YAML. */
function sections(text: string): Record<string, string[]> {
  const document = parseDocument(text, { logLevel: 'silent', uniqueKeys: true });
  expect(document.errors).toEqual([]);
  visit(document, (_key, node) => {
    if (node !== null && typeof node === 'object' && 'tag' in node) delete node.tag;
  });
  const whole: Record<string, unknown> = document.toJS() ?? {};
  return Object.fromEntries(
    Object.entries(whole).map(([name, part]) => [
      name,
      typeof part === 'object' && part !== null ? Object.keys(part) : [],
    ]),
  );
}

const RESOURCES = Object.keys(
  parseDocument(cloudFormation, { logLevel: 'silent' }).toJS().Resources,
);

describe('a template that is added to another', () => {
  it.each([
    ['plain', 'Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n'],
    ['with a comment at a section', 'Resources: # mine\n  Queue:\n    Type: AWS::SQS::Queue\n'],
    ['with quoted names', '"Resources":\n  "Queue":\n    Type: AWS::SQS::Queue\n'],
    ['with Windows line ends', 'Resources:\r\n  Queue:\r\n    Type: AWS::SQS::Queue\r\n'],
    ['without a last line end', 'Resources:\n  Queue:\n    Type: AWS::SQS::Queue'],
    ['with four spaces', 'Resources:\n    Queue:\n        Type: AWS::SQS::Queue\n'],
    ['with one space', 'Resources:\n Queue:\n  Type: AWS::SQS::Queue\n'],
    ['with a byte order mark', '\ufeffResources:\n  Queue:\n    Type: AWS::SQS::Queue\n'],
    ['with a start of document', '---\nResources:\n  Queue:\n    Type: AWS::SQS::Queue\n'],
    ['with an end of document', 'Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n...\n'],
    ['with an indented comment first', 'Resources:\n      # deep\n  Queue:\n    Type: T\n'],
    ['with a comment in the first column', 'Resources:\n# wide\n  Queue:\n    Type: T\n'],
    ['with an anchor in it', 'Resources:\n  Queue:\n    Type: T\n    Properties: &p\n      A: 1\n'],
    [
      'with a list in the first column',
      'Transform:\n- AWS::Serverless-2016-10-31\nResources:\n  Queue:\n    Type: T\n',
    ],
    [
      'with a text of several lines',
      'Description: |\n  Resources:\n    Fake:\n\nResources:\n  Queue:\n    Type: T\n',
    ],
    ['with an empty section', 'Outputs:\n\nResources:\n  Queue:\n    Type: T\n'],
  ])('keeps every line of one %s', (_what, existing) => {
    const { text } = mergeTemplate(existing, cloudFormation);
    const merged = sections(text.replace(/^\ufeff/, ''));
    expect(merged.Resources).toEqual(expect.arrayContaining(['Queue', ...RESOURCES]));
    expect(merged.Parameters).toEqual(['AlarmTopicArn']);
    const lines = text.split('\n');
    let at = -1;
    for (const line of existing.split('\n').filter((each) => each !== '')) {
      at = lines.indexOf(line, at + 1);
      expect(at, JSON.stringify(line)).toBeGreaterThanOrEqual(0);
    }
    if (existing.includes('\r\n')) expect(text).not.toMatch(/[^\r]\n/);
    else expect(text).not.toContain('\r');
  });

  it.each(STORES)('has all of %s in an empty template', (store) => {
    const added = templateFor('cloudformation', store).text;
    for (const existing of ['', '\n', '# mine\n', 'AWSTemplateFormatVersion: "2010-09-09"\n']) {
      const found = sections(mergeTemplate(existing, added).text);
      const wanted = sections(added);
      for (const name of ['Parameters', 'Conditions', 'Resources', 'Outputs'])
        expect(found[name]).toEqual(wanted[name]);
    }
  });

  it('has one empty line before each new section, and one line end at its end', () => {
    const plain = 'Resources:\n  Queue:\n    Type: T';
    for (const [existing, added] of [
      [plain, cloudFormation],
      [`Transform: AWS::Serverless-2016-10-31\n${plain}\n`, sam],
    ] as const) {
      const { text } = mergeTemplate(existing, added);
      expect(text).toMatch(/[^\n]\n$/);
      expect(text).not.toMatch(/\n\n\n|^ +$/m);
      expect(text).toMatch(/[^\n]\n\nOutputs:\n/);
    }
  });

  it('says what to paste where the template has Globals', () => {
    const existing =
      'Transform: AWS::Serverless-2016-10-31\nGlobals:\n  Function:\n    Timeout: 9\nResources:\n  Api:\n    Type: T\n';
    const { text, steps } = mergeTemplate(existing, sam);
    expect(text).toContain('Globals:\n  Function:\n    Timeout: 9\n');
    expect(sections(text).Resources).toEqual(expect.arrayContaining(['Api', ...RESOURCES]));
    expect(steps.join('\n')).toContain('CACHE_TABLE: !Ref CacheTable');
    expect(steps.join('\n')).toContain('Globals');
  });

  it.each([
    ['a name that is there', 'Resources:\n  CacheTable:\n    Type: T\n', /CacheTable already/],
    [
      'a quoted name that is there',
      "Resources:\n  'CacheTable':\n    Type: T\n",
      /CacheTable already/,
    ],
    ['a name before its colon', 'Resources:\n  CacheTable :\n    Type: T\n', /CacheTable already/],
    ['a name of Windows', 'Resources:\r\n  CacheTable:\r\n    Type: T\r\n', /CacheTable already/],
    [
      'a parameter that is there',
      'Parameters:\n  AlarmTopicArn:\n    Type: String\n',
      /AlarmTopicArn/,
    ],
    ['JSON', '{ "Resources": {} }', /JSON/],
    ['JSON after a line', '\n  {\n "Resources": {} }', /JSON/],
    ['a section on one line', 'Resources: { Queue: { Type: T } }\n', /Resources/],
    ['a section with an anchor', 'Resources: &all\n  Queue:\n    Type: T\n', /Resources/],
    ['tabs', 'Resources:\n\tQueue:\n\t\tType: T\n', /tab/],
    [
      'two documents',
      'Resources:\n  A:\n    Type: T\n---\nResources:\n  B:\n    Type: T\n',
      /document/,
    ],
    ['a section twice', 'Resources:\n  A:\n    Type: T\nResources:\n  B:\n    Type: T\n', /twice/],
    ['a list of resources', 'Resources:\n  - A\n', /Resources/],
    ['names that do not line up', 'Resources:\n    A:\n      T: 1\n  B:\n', /"B:"/],
    ['a list below a text', 'Transform: A\n- B\nResources:\n  A:\n    Type: T\n', /line 2/],
    ['old line ends', 'Resources:\r  A:\r    Type: T\r', /line ends/],
    ['what is no template', 'services:\n  web:\n    image: nginx\n', /no template/],
    ['plain text', 'Dear all,\nResources are scarce.\n', /line 1/],
    ['binary', '\u0000\u0001Resources:\n', /line 1/],
  ])('refuses %s', (_what, existing, message) => {
    expect(() => mergeTemplate(existing, cloudFormation)).toThrow(message);
  });

  it('refuses SAM where the template has no Transform for it', () => {
    expect(() => mergeTemplate('Resources:\n  A:\n    Type: T\n', sam)).toThrow(/Transform/);
  });

  it('refuses itself the second time', () => {
    for (const store of STORES) {
      const added = templateFor('cloudformation', store).text;
      const { text } = mergeTemplate('Resources:\n  A:\n    Type: T\n', added);
      expect(() => mergeTemplate(text, added)).toThrow(/already/);
    }
  });

  it('is YAML of both, whatever the template', () => {
    const name = fc.stringMatching(/^[A-Z][A-Za-z0-9]{0,8}$/);
    const line = fc.constantFrom(
      '# a: b',
      '    Type: "a: b"',
      '    Type: !Sub ${A}',
      '',
      '    # x',
    );
    const resource = fc.record({
      name,
      lines: fc.array(line, { maxLength: 3 }),
      quoted: fc.boolean(),
    });
    const section = fc.constantFrom('Resources', 'Parameters', 'Outputs', 'Mappings', 'Conditions');
    const part = fc.record({
      section,
      resources: fc.array(resource, { minLength: 1, maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(part, { selector: (each) => each.section, maxLength: 4 }),
        fc.boolean(),
        (parts, isWindows) => {
          const names = new Map<string, string[]>();
          let text = 'AWSTemplateFormatVersion: "2010-09-09"\n';
          for (const { section: head, resources } of parts) {
            const unique = [...new Map(resources.map((each) => [each.name, each])).values()];
            names.set(
              head,
              unique.map((each) => each.name),
            );
            text += `${head}:\n`;
            for (const { name: own, lines, quoted } of unique) {
              text += `  ${quoted ? `"${own}"` : own}:\n    A: 1\n`;
              const types = lines.filter((each) => each.includes('Type')).slice(0, 1);
              for (const each of [...lines.filter((other) => !other.includes('Type')), ...types])
                text += `${each}\n`;
            }
          }
          if (isWindows) text = text.replaceAll('\n', '\r\n');
          const merged = sections(mergeTemplate(text, cloudFormation).text);
          for (const [head, own] of names)
            expect(merged[head]).toEqual(expect.arrayContaining(own));
          expect(merged.Resources).toEqual(expect.arrayContaining(RESOURCES));
        },
      ),
      { seed: 20261129, numRuns: 200 },
    );
  });
});
