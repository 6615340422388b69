import { clientSuite } from '../registry/client-suite.ts'
import { midNpm, smallNpm } from '../registry/generated-fixtures.ts'
import { npmClients } from './npm-clients.ts'

await clientSuite(npmClients, [smallNpm, midNpm])
