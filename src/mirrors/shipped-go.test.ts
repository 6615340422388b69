import { expect, test } from 'bun:test'
import type { GoDiscovery } from '../config/discover-go.ts'
import { shippedGo } from './shipped-go.ts'

const found = (origin: string): GoDiscovery => ({
  found: true,
  goroot: '/go',
  proxy: { value: 'https://set.example,direct', origin },
  sumdb: { value: 'sumdb.example', origin },
  private: undefined,
  nosumdb: undefined,
  notes: [],
})
const goEnv = '# defaults\nGOPROXY=https://shipped.example,direct\nGOSUMDB=shipped-sumdb.example\n'
const file = (text: string | undefined) => async (path: string) => (path === '/go/go.env' ? text : undefined)

test('the toolchain’s own file names the origin, whatever was set above it', async () => {
  const shipped = await shippedGo(found('go env (set by go env -w in x)'), file(goEnv))
  expect(shipped.origin).toMatchObject({
    id: 'shipped.example',
    url: 'https://shipped.example',
    origin: true,
  })
  expect(shipped.sumdbName).toBe('shipped-sumdb.example')
})

test('without that file, what is built in counts, and what somebody set does not', async () => {
  const builtIn = await shippedGo(found('go env (built in)'), file(undefined))
  expect(builtIn.origin?.url).toBe('https://set.example')
  expect(await shippedGo(found('go env (GOPROXY in the environment)'), file(undefined))).toEqual({
    origin: undefined,
    sumdbName: undefined,
  })
  expect((await shippedGo({ found: false, reason: 'x' }, file(goEnv))).origin).toBeUndefined()
})
