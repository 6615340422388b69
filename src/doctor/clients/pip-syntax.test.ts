import { describe, expect, test } from 'bun:test'
import { execFile } from 'node:child_process'
import { pipMistake } from './pip-syntax.ts'

const cases: readonly (readonly [string, string, number | undefined])[] = [
  ['an empty file', '', undefined],
  ['comments and blank lines', '# a\n\n; b\n[global]\n', undefined],
  ['both delimiters', '[global]\ntimeout = 3\nretries: 2\n', undefined],
  ['a continued value', '[global]\nextra-index-url = https://a.example\n    https://b.example\n', undefined],
  ['an indented option', '[global]\n  timeout = 3\n  retries = 2\n', undefined],
  ['an empty value', '[global]\nproxy =\n', undefined],
  ['the same name in two sections', '[global]\ntimeout = 3\n[install]\ntimeout = 4\n', undefined],
  ['CRLF', '[global]\r\ntimeout = 3\r\n', undefined],
  ['no section', 'timeout = 3\n[global]\n', 1],
  ['no delimiter', '[global]\ntimeout = 3\nindex-url https//x\n', 3],
  ['a section that does not close', '[global]\ntimeout = 3\n[install\nno-deps = 1\n', 3],
  ['a name twice', '[global]\ntimeout = 3\nTimeout = 4\n', 3],
  ['a section twice', '[global]\ntimeout = 3\n[global]\n', 3],
  ['no name', '[global]\n= 3\n', 2],
  ['an indented line below a header', '[global]\n   lonely\n', 2],
]

describe('a pip.conf with', () => {
  test.each([...cases])('%s', (_, text, line) => {
    expect(pipMistake(text)?.line).toBe(line)
  })
})

const python = Bun.which('python3')
const script = `import configparser, json, sys
def broken(text):
    try:
        configparser.RawConfigParser().read_string(text)
        return False
    except configparser.Error:
        return True
print(json.dumps([broken(text) for text in json.load(sys.stdin)]))`

test.skipIf(python === null)(
  `Python's own reader agrees${python === null ? ' [skipped: there is no python3]' : ''}`,
  async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const child = execFile(python ?? '', ['-c', script], (error, stdout) =>
        error === null ? resolve(stdout) : reject(error),
      )
      child.stdin?.end(JSON.stringify(cases.map(([, text]) => text.replaceAll('\r\n', '\n'))))
    })
    const told: unknown = JSON.parse(answer)
    expect(told).toEqual(cases.map(([, , line]) => line !== undefined))
  },
  60_000,
)
