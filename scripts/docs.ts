import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { configurationPage } from '../src/config/configuration-page.ts'
import { jsonSchema } from '../src/config/json-schema.ts'
import { clientsPage } from '../tests/clients/registry/clients-page.ts'
import { verdictsPage } from '../tests/doctor/verdicts-page.ts'
import { faultsPage } from '../tests/faults/faults-page.ts'

/** What `npm run docs` writes, by path below docs/. */
export function generatedDocs(): Readonly<Record<string, string>> {
  return {
    'clients.md': clientsPage(),
    'configuration.md': configurationPage(),
    'configuration.schema.json': asFormatted(jsonSchema()),
    'faults.md': faultsPage(),
    'verdicts.md': verdictsPage(),
  }
}

/** As the formatter leaves it: short lists stand on one line. */
function asFormatted(value: unknown): string {
  const scalars = /\[\s+((?:"[^"\\]*"|\d+)(?:,\s+(?:"[^"\\]*"|\d+))*)\s+\]/g
  const text = JSON.stringify(value, undefined, 2)
  return `${text.replaceAll(scalars, (_, items: string) => `[${items.replaceAll(/,\s+/g, ', ')}]`)}\n`
}

if (import.meta.main) {
  const docs = join(dirname(import.meta.dirname), 'docs')
  await mkdir(docs, { recursive: true })
  for (const [name, text] of Object.entries(generatedDocs())) {
    await writeFile(join(docs, name), text)
    process.stdout.write(`docs/${name}\n`)
  }
}
