import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { goEnvValue, setGoEnvValue } from './edit-go-env.ts'
import { linesOf } from './text-lines.ts'

describe('a value is what Go takes it for', () => {
  test.each([
    ['GOPROXY=a\n', 'a'],
    ['GOPROXY=a', 'a'],
    ['GOPROXY=a\nGOPROXY=b\n', 'b'],
    ['GOPROXY=\n', ''],
    ['GOPROXY=a # b ; "c"=d\n', 'a # b ; "c"=d'],
    ['[x]\nGOPROXY=a\n', 'a'],
    ['GOPROXY=a\r\n', 'a\r'],
    ['GOPROXY= a \n', ' a '],
    ['GOPROXY = a\n', undefined],
    [' GOPROXY=a\n', undefined],
    ['#GOPROXY=a\n', undefined],
    ['GOPROXY\n=a\n', undefined],
    ['', undefined],
  ])('%j', (text, value) => {
    expect(goEnvValue(text, 'GOPROXY')).toBe(value)
  })
})

describe('setting', () => {
  test.each([
    ['', 'GOPROXY=new\n'],
    ['# mine\n', '# mine\nGOPROXY=new\n'],
    ['GOFLAGS=-v\n\n# end\n', 'GOFLAGS=-v\nGOPROXY=new\n\n# end\n'],
    ['GOFLAGS=-v', 'GOFLAGS=-v\nGOPROXY=new\n'],
    ['GOFLAGS=-v\r\n', 'GOFLAGS=-v\r\nGOPROXY=new\n'],
    ['GOPROXY=old\r\nGOFLAGS=-v\r\n', 'GOPROXY=new\nGOFLAGS=-v\r\n'],
    ['GOPROXY=old', 'GOPROXY=new\n'],
    ['GOPROXY = old\n', 'GOPROXY = old\nGOPROXY=new\n'],
    ['GOPROXY=a\nGOPROXY=b\n', 'GOPROXY=a\nGOPROXY=new\n'],
  ])('%j', (before, after) => {
    expect(setGoEnvValue(before, 'GOPROXY', 'new')).toBe(after)
  })

  test('what is set is read again, setting it again changes nothing, and one line at most goes', () => {
    const line = fc.constantFrom(
      'GOPROXY=a',
      'GOPROXY = b',
      ' GOPROXY=c',
      'GOFLAGS=-v',
      '# no',
      '[x]',
      '',
      '=',
    )
    const end = fc.constantFrom('\n', '\r\n')
    fc.assert(
      fc.property(fc.array(fc.tuple(line, end), { maxLength: 8 }), fc.boolean(), (lines, isTorn) => {
        const whole = lines.map((parts) => parts.join('')).join('')
        const text = isTorn ? whole.trimEnd() : whole
        const edited = setGoEnvValue(text, 'GOPROXY', 'new')
        expect(goEnvValue(edited, 'GOPROXY')).toBe('new')
        expect(setGoEnvValue(edited, 'GOPROXY', 'new')).toBe(edited)
        const left = linesOf(edited)
        const lost = linesOf(text).filter((one) => !left.includes(one) && !left.includes(`${one}\n`))
        expect(lost.length).toBeLessThanOrEqual(1)
        expect(lost.every((one) => one.startsWith('GOPROXY='))).toBe(true)
      }),
    )
  })
})
