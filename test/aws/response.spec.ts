import { describe, expect, it } from 'vitest';
import { type Answer, errorMessage, errorType } from '../../src/aws/response.js';

const answer = (status: number, body: string, headers: Answer['headers'] = {}): Answer => ({
  ...{ status, headers },
  body: Buffer.from(body),
});

describe('the name of an error', () => {
  it.each<[string, Answer, string]>([
    [
      'the body',
      answer(400, '{"__type":"com.amazonaws.v1#ThrottlingException"}'),
      'ThrottlingException',
    ],
    ['a body with spaces', answer(400, '{ "__type" : "LimitExceeded" }'), 'LimitExceeded'],
    [
      'the header, not the body',
      answer(400, '{"__type":"B"}', { 'x-amzn-errortype': 'A:http://internal' }),
      'A',
    ],
    ['XML', answer(503, '<Error><Code>SlowDown</Code></Error>'), 'SlowDown'],
  ])('is found in %s', (_, given, name) => {
    expect(errorType(given)).toBe(name);
  });

  it.each<[string, Answer]>([
    ['an invalid answer', answer(200, '{"__type":"ThrottlingException"}')],
    ['a value that looks like an error', answer(200, '<Code>SlowDown</Code>')],
    ['a redirection', answer(307, '<Code>TemporaryRedirect</Code>')],
    ['an error without a name', answer(500, '{"message":"sorry"}')],
    ['text that a user stored', answer(400, '{"item":"\\"__type\\":\\"Stored\\""}')],
  ])('is not found in %s', (_, given) => {
    expect(errorType(given)).toBeUndefined();
  });
});

it.each([
  ['{"message":"lower case"}', 'lower case'],
  ['{"Message":"upper case"}', 'upper case'],
  ['no JSON', undefined],
])('the message in %s is %s', (body, message) => {
  expect(errorMessage(answer(400, body))).toBe(message);
});
