import { testUnless } from '../../support/test-unless.ts'
import { clientSuite } from '../registry/client-suite.ts'
import { goClient } from './go-clients.ts'
import { realGo, smallGo } from './go-fixtures.ts'

const real =
  process.env.POSTHASTE_TEST_ALL === '1'
    ? await realGo()
    : { missing: 'only with all tiers: npm run test:all' }
if ('missing' in real) {
  await clientSuite(goClient, [smallGo])
  testUnless(real.missing)('a real project', () => {
    throw new Error('only named here, because it cannot run')
  })
} else {
  await clientSuite(goClient, [smallGo, real])
}
