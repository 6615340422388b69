import { expect, test } from 'bun:test'
import { AdminApi, type AdminApiOptions } from '../../src/http/admin-api.ts'

const asked: string[] = []
const doctor: NonNullable<AdminApiOptions['doctor']> = {
  report: async () => {
    asked.push('configured')
    return { verdicts: [] }
  },
  reportOn: async (target) => {
    asked.push(target)
    return target.startsWith('https:') ? { verdicts: [] } : undefined
  },
}

async function ask(path: string, headers: Record<string, string> = {}, peer = '127.0.0.1'): Promise<number> {
  asked.length = 0
  const unused = () => {
    throw new Error('not for this test')
  }
  const operations = new Proxy({} as AdminApiOptions['operations'], { get: () => unused })
  const admin = new AdminApi({
    operations,
    sources: unused,
    orderChanges: unused,
    forgive: unused,
    status: unused,
    token: () => 'a-long-admin-token',
    doctor,
  })
  const url = new URL(path, 'http://127.0.0.1:7678')
  const request = new Request(url.href, { headers: { host: '127.0.0.1:7678', ...headers } })
  return (await admin.handle(request, url, peer)).status
}

const token = { authorization: 'Bearer a-long-admin-token' }

test('the configured sources are for this machine, and for the token', async () => {
  expect(await ask('/api/doctor')).toBe(200)
  expect(asked).toEqual(['configured'])
  expect(await ask('/api/doctor', {}, '192.0.2.7')).toBe(401)
  expect(asked).toEqual([])
  expect(await ask('/api/doctor', token, '192.0.2.7')).toBe(200)
})

test('another target needs the token, from this machine too', async () => {
  expect(await ask('/api/doctor?target=https://x.example')).toBe(401)
  expect(await ask('/api/doctor?target=https://x.example', { authorization: 'Bearer wrong' })).toBe(401)
  expect(asked).toEqual([])
  expect(await ask('/api/doctor?target=https://x.example', token)).toBe(200)
  expect(asked).toEqual(['https://x.example'])
  expect(await ask('/api/doctor?target=nothing', token)).toBe(400)
})
