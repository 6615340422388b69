import { expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { generatedDocs } from './docs.ts'

const docs = join(dirname(import.meta.dirname), 'docs')

test.each(Object.entries(generatedDocs()))(
  'docs/%s is what its source says (npm run docs)',
  async (name, text) => {
    expect(await readFile(join(docs, name), 'utf8')).toBe(text)
  },
)
