import { expect } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import { pipConf, setIni } from '../../src/clients/edit-ini.ts'
import { setToml } from '../../src/clients/edit-toml.ts'
import { SettingsFileError } from '../../src/clients/file-text.ts'
import { testUnless } from '../support/test-unless.ts'

const VALUE = 'http://127.0.0.1:7678/x/'
const EACH = 3000

const pipLines =
  `[global]|[install]|timeout = 60|  retries=3|    deeper = 1|index-url = https://a|index_url: https://b
extra-index-url =|    https://c|# c|    ; c||trusted-host: x|\tformat = y`.split(/[|\n]/)
const tomlLines =
  `[a]|[a.c]|[[l]]|b = 1|b = "x"|"b" = 'y' # z|a.b = "q"|a.d = 2||# c|k = [|  1, # ]|]|m = """|"""|[d]
i = { b = 1 }|a = { c = "1" }`.split(/[|\n]/)

/** Files made of these lines, with either line end, closed or not. */
function files(lines: readonly string[]): string[] {
  const line = fc.constantFrom(...lines)
  const file = fc
    .tuple(fc.array(line, { maxLength: 7 }), fc.constantFrom('\n', '\r\n'), fc.boolean())
    .map(([all, end, closed]) => all.join(end) + (closed && all.length > 0 ? end : ''))
  return fc.sample(file, { numRuns: EACH, seed: 7678 })
}

const python = spawnSync('python3', ['-c', 'import tomllib'])

testUnless(python.status === 0 ? undefined : 'there is no python3 with tomllib')(
  "Python's own readers find one setting changed, and nothing else",
  () => {
    const cases = [
      ...files(pipLines).map((before) => ({
        kind: 'pip',
        before,
        after: setIni(before, pipConf, 'global', 'index-url', VALUE),
        value: VALUE,
      })),
      ...files(tomlLines).flatMap((before) => {
        try {
          return [{ kind: 'toml', before, after: setToml(before, ['a', 'b'], VALUE), value: VALUE }]
        } catch (error) {
          if (error instanceof SettingsFileError) return []
          throw error
        }
      }),
    ]
    const script = join(import.meta.dirname, 'python-readers.py')
    const ran = spawnSync('python3', [script], {
      input: JSON.stringify(cases),
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
    expect(ran.stderr).toBe('')
    const { sound, wrong } = JSON.parse(ran.stdout)
    expect(wrong).toEqual([])
    expect(Math.min(sound.pip, sound.toml)).toBeGreaterThan(300)
  },
)
