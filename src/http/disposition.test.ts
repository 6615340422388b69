import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { disposition } from './disposition.ts'

describe('disposition', () => {
  test.each([
    ['text@v0.3.0.zip', 'text@v0.3.0.zip'],
    ['golang.org/x/text@v0.3.0.zip', 'golang.org_x_text@v0.3.0.zip'],
    ['v2.0.0+incompatible.zip', 'v2.0.0+incompatible.zip'],
    ['../../etc/passwd', 'etc_passwd'],
    ['C:\\windows\\x.zip', 'C_windows_x.zip'],
    ['a"; evil="b.zip', 'a_evil_b.zip'],
    ['a\r\nX-Evil: 1', 'a_X-Evil_1'],
    ['模块@v1.0.0.zip', '@v1.0.0.zip'],
    ['...', 'download'],
    ['', 'download'],
    ['CON.zip', '_CON.zip'],
    ['console.zip', 'console.zip'],
  ])('%j → %s', (filename, name) => {
    expect(disposition(filename)).toBe(`inline; filename="${name}"`)
  })

  test('property: never more than one quoted string of harmless characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (filename) => {
        expect(disposition(filename)).toMatch(/^inline; filename="[A-Za-z0-9@+\-_!~.]{1,181}"$/)
      }),
    )
  })
})
