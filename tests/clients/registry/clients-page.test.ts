import { expect, test } from 'bun:test'
import { goClient } from '../go/go-clients.ts'
import { npmClients } from '../npm/npm-clients.ts'
import { pypiClients } from '../pypi/pypi-clients.ts'
import { casesFor } from './client-suite.ts'
import { clientsPage, resultsOf } from './clients-page.ts'

const clients = [goClient, ...npmClients, ...pypiClients]

test.each(clients.map((client) => [client.id, client] as const))(
  'the recorded run of %s has every case of the suite and no other',
  (_, client) => {
    const { results, missing } = resultsOf(client)
    if (missing !== undefined) return
    const wanted = casesFor(client, true).map(({ id }) => id)
    expect([...new Set(results.map((result) => result.case))].sort()).toEqual([...wanted].sort())
  },
)

test('the page has a row for every client', () => {
  const page = clientsPage()
  for (const { id } of clients) expect(page).toContain(`\n| ${id.replace('-', ' ')} |`)
})
