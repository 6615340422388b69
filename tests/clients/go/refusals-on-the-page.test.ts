import { expect, test } from 'bun:test'
import { scene } from './go-harness.ts'

test('the page and /api/status tell this machine, and no stranger, what was refused and why', async () => {
  await using at = await scene()
  const product = await at.serve({ env: { POSTHASTE_GO_PRIVATE: 'corp.example/*' }, log: 'off' })
  const read = (path: string, headers: Record<string, string> = {}) =>
    fetch(product.url + path, { headers }).then((response) => response.text())
  await read('/go/corp.example/y/@v/v1.0.0.info?token=abcdefgh12345')
  await read('/go/lib.example/none/@v/list')
  const reason = 'corp.example/y is private here'

  const page = await read('/')
  expect(page).toContain(reason)
  expect(page).not.toContain('abcdefgh12345')
  expect(page).not.toContain('lib.example/none')
  expect(await read('/', { host: 'rebound.example' })).not.toContain('corp.example/y')
  expect(await read('/', { 'x-forwarded-for': '192.0.2.7' })).not.toContain('corp.example/y')

  const status: unknown = JSON.parse(await read('/api/status'))
  expect(status).toMatchObject({ recentRefusals: [{ status: 403, times: 1 }] })
  expect(await read('/metrics')).toContain(
    'posthaste_http_request_duration_seconds_count{ecosystem="go",outcome="denied"} 1',
  )
})
