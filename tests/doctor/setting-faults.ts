import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { thisMachine } from '../../src/clients/machine.ts'
import { commaAfterFirst, privateHosts } from '../../src/doctor/prepare.ts'
import { checkGoProject } from '../../src/doctor/probes/go-project.ts'
import { checkGoValues, checkModuleCache, readGoValues } from '../../src/doctor/probes/go-settings.ts'
import { checkLockHosts } from '../../src/doctor/probes/lock-hosts.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { target } from './doctor-lab.ts'
import type { FaultRow } from './fault-row.ts'
import { goEnv, projectFaults, writtenProject } from './go-projects.ts'

const goSetting = (
  fault: string,
  verdicts: FaultRow['verdicts'],
  values: Parameters<typeof checkGoValues>[0],
): FaultRow => ({
  fault,
  verdicts,
  inject: async (lab) =>
    lab.examine([target(await lab.serve('source.example'))], { facts: checkGoValues(values) }),
})

export const settingFaults: readonly FaultRow[] = [
  {
    fault: 'the first source of a comma list is down',
    verdicts: ['go.goproxy_comma', 'tcp.refused (host)'],
    inject: async (lab) => {
      const second = await lab.serve('second.example')
      const facts = commaAfterFirst('https://source.example:1,https://second.example,direct')
      return lab.examine([target(lab.name('source.example', { port: 1 })), target(second)], { facts })
    },
  },
  {
    fault: 'the module cache holds an empty zip',
    verdicts: ['go.modcache_broken'],
    inject: async (lab) => {
      const cache = lab.use(await temporaryFolder('modcache'))
      const folder = join(cache.path, 'cache/download/x.example/m/@v')
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, 'v1.0.0.zip'), '')
      await writeFile(join(folder, 'v1.0.0.lock'), '')
      const facts = await checkModuleCache({ GOMODCACHE: cache.path })
      return lab.examine([target(await lab.serve('source.example'))], { facts })
    },
  },
  {
    fault: 'the project needs a module of a private host',
    verdicts: ['go.private_missing'],
    inject: async (lab) => {
      const project = lab.use(await temporaryFolder('project'))
      const lines = [
        'module m',
        'require (',
        'git.corp.example/team/x v1.0.0',
        'github.com/a/b v1.0.0',
        'open.example/y v1.0.0',
        ')',
      ]
      await writeFile(join(project.path, 'go.mod'), lines.join('\n'))
      const lookup = async (host: string) => [host === 'git.corp.example' ? '10.1.2.3' : '192.88.0.1']
      const facts = await privateHosts(project.path, { GOPRIVATE: '' }, lookup)
      return lab.examine([target(await lab.serve('source.example'))], { facts })
    },
  },
  goSetting('GOPROXY holds an address without a host', ['go.goproxy_invalid'], {
    GOPROXY: 'https:///x,direct',
  }),
  goSetting('GOSUMDB=off', ['go.gosumdb_off'], { GOSUMDB: 'off' }),
  goSetting('GOSUMDB names a database without its key', ['go.gosumdb_invalid'], {
    GOSUMDB: 'sum.goproxy.example',
  }),
  goSetting('GONOSUMDB=*', ['go.nosumdb_all'], { GONOSUMDB: '*' }),
  goSetting('GOPRIVATE=github.com/*', ['go.private_broad'], { GOPRIVATE: 'github.com/*' }),
  goSetting('GO111MODULE=off', ['go.modules_off'], { GO111MODULE: 'off' }),
  ...projectFaults.map(
    ({ fault, verdict, files, env }): FaultRow => ({
      fault,
      verdicts: [verdict],
      needs: 'go',
      inject: async (lab) => {
        const project = lab.use(await writtenProject(files))
        const values = await readGoValues(goEnv(env), join(project.path, 'm'))
        const facts = await checkGoProject(values ?? {})
        return lab.examine([target(await lab.serve('source.example'))], { facts })
      },
    }),
  ),
  {
    fault: 'a lock file leads to two hosts that no setting names',
    verdicts: ['npm.lock_hosts'],
    inject: async (lab) => {
      const project = lab.use(await temporaryFolder('locks'))
      const entry = (url: string) => ({
        version: '1.0.0',
        resolved: url,
        funding: { url: 'https://sponsor.example' },
      })
      const packages = {
        'node_modules/a': entry('https://old-mirror.example/a/download/a-1.0.0.tgz'),
        'node_modules/b': entry('https://team.example/b/-/b-1.0.0.tgz'),
        'node_modules/c': entry('https://named.example/c/-/c-1.0.0.tgz'),
        'node_modules/@s/d': entry('https://scope.example/@s/d/-/d-1.0.0.tgz'),
      }
      await writeFile(
        join(project.path, 'package-lock.json'),
        JSON.stringify({ lockfileVersion: 3, packages }),
      )
      await writeFile(join(project.path, 'package.json'), '{}')
      await writeFile(
        join(project.path, '.npmrc'),
        'registry=https://named.example/\n@s:registry=https://scope.example/\n',
      )
      const env = { PATH: process.env.PATH, HOME: project.path }
      const facts = await checkLockHosts(thisMachine({ env, cwd: project.path }), [])
      return lab.examine([target(await lab.serve('source.example'))], { facts })
    },
  },
]
