/** The pages of `docs/` in the order in which a newcomer reads them. A test holds that none is missing. */
export const NAVIGATION = [
  {
    text: 'Start',
    pages: [
      'quick-start',
      'concepts',
      'how-it-works',
      'why-it-holds',
      'glossary',
      'troubleshooting',
    ],
  },
  {
    text: 'Using the cache',
    pages: [
      'keys',
      'freshness',
      'invalidation',
      'functions',
      'stampedes',
      'failure',
      'after-response',
      'testing',
    ],
  },
  {
    text: 'Stores',
    pages: [
      'dynamodb',
      'redis',
      's3',
      'dax',
      'memory',
      'tiers',
      'keyv',
      'large-values',
      'serializers',
      'eviction',
    ],
  },
  { text: 'Responses', pages: ['responses', 'edge'] },
  { text: 'In an application', pages: ['handlers', 'glasswork', 'migration', 'comparison'] },
  {
    text: 'In production',
    pages: [
      'deploying',
      'infrastructure',
      'metrics',
      'command-line',
      'inspector',
      'cost',
      'security',
    ],
  },
  { text: 'Reference', pages: ['options'] },
] as const;
