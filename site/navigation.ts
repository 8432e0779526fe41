/** The pages of `docs/` in the order in which a newcomer reads them. A test holds that none is missing. */
export const NAVIGATION = [
  {
    text: 'Start',
    pages: ['quick-start', 'concepts', 'how-it-works', 'glossary', 'troubleshooting'],
  },
  {
    text: 'Using the cache',
    pages: [
      'keys',
      'freshness',
      'invalidation',
      'stampedes',
      'failure',
      'after-response',
      'testing',
    ],
  },
  { text: 'Stores', pages: ['dynamodb', 'redis', 'memory', 'tiers', 'eviction'] },
  { text: 'In an application', pages: ['glasswork', 'migration', 'comparison'] },
  { text: 'In production', pages: ['deploying', 'metrics', 'edge', 'security'] },
] as const;
