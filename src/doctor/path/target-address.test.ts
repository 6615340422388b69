import { describe, expect, test } from 'bun:test'
import { type Lookup, targetAddress, UnknownTarget } from './target-address.ts'

const both: Lookup = async () => ['2001:db8::1', '192.0.2.1']
const failing =
  (code: string): Lookup =>
  async () => {
    throw Object.assign(new Error(`getaddrinfo ${code}`), { code })
  }
const never: Lookup = () => Promise.withResolvers<readonly string[]>().promise
const going = new AbortController().signal

async function refusal(host: string, family: 4 | 6 | undefined, lookup: Lookup, signal = going) {
  const error = await targetAddress(host, family, lookup, signal).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof UnknownTarget)) throw new Error(`no UnknownTarget: ${error}`)
  return { message: error.message, hint: error.hint }
}

test.each([
  [undefined, '2001:db8::1'],
  [4, '192.0.2.1'],
  [6, '2001:db8::1'],
] as const)('the first address of family %p', async (family, address) => {
  expect(await targetAddress('mirror.example', family, both, going)).toBe(address)
})

test('a number is not looked up', async () => {
  expect(await targetAddress('192.0.2.7', undefined, failing('ENOTFOUND'), going)).toBe('192.0.2.7')
})

describe('the hint', () => {
  test.each(['ENOTFOUND', 'ENODATA'])('%s: the spelling', async (code) => {
    const { message, hint } = await refusal('mirrorr.example', undefined, failing(code))
    expect(message).toBe(`mirrorr.example has no address (${code})`)
    expect(hint).toContain('spelling')
  })

  test.each(['EAI_AGAIN', 'ETIMEOUT', 'ESERVFAIL', 'ECONNREFUSED'])('%s: the name service', async (code) => {
    const { message, hint } = await refusal('mirror.example', undefined, failing(code))
    expect(message).toBe(`mirror.example could not be looked up (${code})`)
    expect(hint).toContain('name service did not answer')
    expect(hint).not.toContain('spelling')
  })

  test('a family that the name, or the number, has not', async () => {
    const onlyFour: Lookup = async () => ['192.0.2.1']
    expect((await refusal('mirror.example', 6, onlyFour)).message).toBe('mirror.example has no IPv6 address')
    expect((await refusal('192.0.2.1', 6, both)).hint).toBe('Leave -6 out.')
  })
})

test('a silent name service does not hold what is aborted', async () => {
  const stop = new AbortController()
  const asked = refusal('mirror.example', undefined, never, stop.signal)
  stop.abort()
  expect((await asked).message).toContain('stopped while the look-up of mirror.example')
  expect((await refusal('mirror.example', undefined, never, stop.signal)).hint).toContain('name service')
})
