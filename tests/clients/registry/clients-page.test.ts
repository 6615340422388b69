import { expect, test } from 'bun:test'
import { goClient } from '../go/go-clients.ts'
import { npmClients } from '../npm/npm-clients.ts'
import { pypiClients } from '../pypi/pypi-clients.ts'
import { casesFor } from './client-suite.ts'
import { clientsPage, resultsOf } from './clients-page.ts'

const clients = [goClient, ...npmClients, ...pypiClients]

test.each(clients.map((client) => [client.id, client] as const))(
  'the recorded run of %s has every case of the suite on a small and on a larger project, and no other',
  (_, client) => {
    const { results, missing } = resultsOf(client)
    if (missing !== undefined) return
    const fixtures = [...new Set(results.map(({ fixture }) => fixture))].sort()
    expect(fixtures).toEqual(['generated, small', client.ecosystem === 'go' ? 'real, mid' : 'recorded, mid'])
    for (const fixture of fixtures) {
      const wanted = casesFor(client, fixture === 'generated, small').map(({ id }) => id)
      const ran = results.filter((result) => result.fixture === fixture).map((result) => result.case)
      expect([fixture, ...ran.sort()]).toEqual([fixture, ...wanted.sort()])
    }
  },
)

test('the page has a row for every client', () => {
  const page = clientsPage()
  for (const { id } of clients) expect(page).toContain(`\n| ${id.replace('-', ' ')} |`)
})
