import { clientSuite } from '../registry/client-suite.ts'
import { smallNpm } from '../registry/generated-fixtures.ts'
import { recordedNpm } from '../registry/recorded-fixtures.ts'
import { npmClient } from './npm-clients.ts'

const fixtures = [smallNpm, await recordedNpm()]
await clientSuite(npmClient('yarn-1'), fixtures)
await clientSuite(npmClient('yarn-4'), fixtures)
