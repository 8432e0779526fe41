import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.js';

// Prints the bill of materials (CycloneDX) of the lock file: npm run --silent sbom > sbom.cdx.json

const ARGS = [
  'sbom',
  '--sbom-format',
  'cyclonedx',
  '--sbom-type',
  'library',
  '--package-lock-only',
];

export interface Bom {
  readonly bomFormat: string;
  readonly metadata: { readonly component: { readonly name: string; readonly version: string } };
  readonly components: readonly { readonly name: string; readonly version: string }[];
}

/** The bill of materials of the package in a folder. */
export async function billOfMaterials(cwd: string): Promise<Bom> {
  const bom: Bom = JSON.parse(await run('npm', ARGS, { cwd }));
  const { name } = JSON.parse(await readFile(join(cwd, 'package.json'), 'utf8'));
  const { metadata } = bom;
  // npm names the package after its folder.
  return { ...bom, metadata: { ...metadata, component: { ...metadata.component, name } } };
}

if (import.meta.filename === process.argv[1])
  console.log(JSON.stringify(await billOfMaterials(process.cwd()), null, 2));
