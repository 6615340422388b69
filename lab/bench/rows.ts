import { cold } from './cold.ts'
import { firstByte } from './first-byte.ts'
import { million } from './million.ts'
import { npmCi } from './npm-ci.ts'
import { npmPackument } from './npm-packument.ts'
import { packumentSingleFlight } from './npm-single-flight.ts'
import { pypiSimple } from './pypi-simple.ts'
import { uvSync } from './pypi-sync.ts'
import { registryFiles } from './registry-files.ts'
import type { BenchRow } from './row.ts'
import { singleFlight } from './single-flight.ts'
import { slowReaders } from './slow-readers.ts'
import { soak } from './soak.ts'
import { warmSmall, warmZip } from './warm-hits.ts'

/** What a run without names measures, in this order. */
export const usualRows: readonly BenchRow[] = [
  warmSmall,
  warmZip,
  singleFlight,
  slowReaders,
  million,
  firstByte,
  soak,
  npmPackument,
  packumentSingleFlight,
  pypiSimple,
  registryFiles,
]

/** Only by name: they take long, or need the network once. */
export const namedRows: readonly BenchRow[] = [cold, npmCi, uvSync]
