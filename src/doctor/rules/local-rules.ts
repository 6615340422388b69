import { endpointOf } from '../target.ts'
import { settingRule } from './proxy-rules.ts'
import type { Rule } from './rule.ts'

const protocol = { key: 'protocol', from: [] } as const

/** This machine and its settings. */
export const localRules: readonly Rule[] = [
  {
    id: 'disk.full',
    find: (seen) =>
      seen
        .of('machine.disk')
        .filter(({ outcome }) => outcome === 'full')
        .map((disk) => ({
          target: disk.path,
          confidence: 'certain',
          from: [disk],
          control: protocol,
          params: { path: disk.path, megabytes: Math.round(disk.freeBytes / 1e6) },
        })),
  },
  {
    id: 'files.low_limit',
    find: (seen) =>
      seen
        .of('machine.files')
        .filter(({ outcome }) => outcome === 'low')
        .map((files) => ({
          target: 'machine',
          confidence: 'certain',
          from: [files],
          control: protocol,
          params: { soft: files.softLimit, hard: files.hardLimit },
        })),
  },
  settingRule('go.goproxy_invalid'),
  settingRule('go.gosumdb_off'),
  settingRule('go.gosumdb_invalid'),
  settingRule('go.nosumdb_all'),
  settingRule('go.private_missing'),
  settingRule('go.private_broad'),
  settingRule('go.modcache_broken'),
  settingRule('go.flags'),
  settingRule('go.modules_off'),
  settingRule('go.workspace'),
  settingRule('go.vendor_stale'),
  settingRule('npm.lock_hosts'),
  {
    // The default list itself has a `,`: it matters only once its first source is down, and then it hides the others.
    id: 'go.goproxy_comma',
    find: (seen) =>
      seen
        .of('setting')
        .filter(({ problem }) => problem === 'go.goproxy_comma')
        .flatMap((fact) => {
          const sources = seen.targets.filter(
            ({ role, ecosystem }) => role === 'source' && ecosystem === 'go',
          )
          const [first] = sources.map(endpointOf)
          const answered =
            first !== undefined && seen.of('http', first).some(({ outcome }) => outcome === 'answer')
          if (first === undefined || answered || sources.length < 2) return []
          const broken = [...seen.of('tcp', first), ...seen.of('tls.hello', first), ...seen.of('http', first)]
          return [
            {
              target: fact.name,
              confidence: 'certain' as const,
              from: [fact, ...broken.slice(0, 1)],
              control: { key: 'setting' as const, from: [] },
              params: {
                name: fact.name,
                value: fact.value,
                foundIn: fact.foundIn,
                detail: fact.detail ?? '',
                first,
              },
            },
          ]
        }),
  },
  {
    id: 'path.fault',
    find: (seen) =>
      seen
        .of('path')
        .filter(({ outcome }) => outcome === 'problem')
        .map((path) => ({
          target: path.target,
          confidence: 'likely',
          from: [path],
          control: protocol,
          params: { summary: path.summary },
        })),
  },
]
