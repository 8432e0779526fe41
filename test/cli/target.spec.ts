import { describe, expect, it } from 'vitest';
import { isLocal } from '../../src/cli/target/credentials.js';

describe('an endpoint', () => {
  it.each([
    'http://localhost:8000',
    'http://dynamodb.localhost:4566',
    'http://127.0.0.1:8000',
    'http://[::1]:8000',
    'http://host.docker.internal:8000',
  ])('is on this machine: %s', (endpoint) => {
    expect(isLocal(endpoint)).toBe(true);
  });

  it.each([
    undefined,
    '',
    'localhost:8000/no/url',
    'https://dynamodb.eu-west-1.amazonaws.com',
    'https://localhost.example.com',
    'https://127.example.com',
  ])('is elsewhere, or none: %s', (endpoint) => {
    expect(isLocal(endpoint)).toBe(false);
  });
});
