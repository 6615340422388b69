import { describe, expect, test } from 'bun:test'
import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type LoadResult, loadConfig } from './load-config.ts'
import { type Reload, systemPorts, type WatchPorts, watchConfig } from './watch-config.ts'

const nothing = (): void => undefined

async function load(text: string): Promise<LoadResult> {
  return loadConfig({
    env: {},
    cwd: '/w',
    home: '/h',
    platform: 'linux',
    readFile: async (path) => (path === '/w/posthaste.yaml' ? text : undefined),
  })
}

/** A watch whose signals, file events and timers happen when the test says so. */
async function start(text: string) {
  const initial = await load(text)
  if (!initial.ok) throw new Error('the first text must be sound')
  const told: Reload[] = []
  const watched: string[] = []
  const timers = new Set<() => void>()
  let signal = nothing
  let fileChanged = nothing
  let ended = 0
  const end = () => {
    ended++
  }
  const ports: WatchPorts = {
    onSignal(listener) {
      signal = listener
      return end
    },
    onFileChange(file, listener) {
      watched.push(file)
      fileChanged = listener
      return end
    },
    after(_, listener) {
      timers.add(listener)
      return () => timers.delete(listener)
    },
  }
  const scene = { text, loads: 0, fail: false }
  const watch = watchConfig({
    initial,
    ports,
    onReload: (reload) => told.push(reload),
    load: async () => {
      scene.loads++
      if (scene.fail) throw new Error('the disk is gone')
      return load(scene.text)
    },
  })
  return {
    watch,
    scene,
    told,
    watched,
    timers,
    ended: () => ended,
    signal: () => signal(),
    fileChanged: () => fileChanged(),
    /** Lets the debounce time pass and the look end. */
    async settle() {
      const due = [...timers]
      timers.clear()
      for (const timer of due) timer()
      // A look that is asked for now comes after the one under way, and tells when all is done.
      await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

describe('reload', () => {
  test('a change is told with what changed, and can be applied at once', async () => {
    const { watch, scene, told } = await start('log: text')
    scene.text = 'log: json\ngo: {ttl: {listMs: 5s}}'
    await watch.reload()
    expect(told).toMatchObject([
      {
        kind: 'changed',
        config: { log: 'json', go: { ttl: { listMs: 5000 } } },
        origins: { log: 'posthaste.yaml:1:6' },
        changes: [
          { key: 'log', from: 'text', to: 'json', needsRestart: false },
          { key: 'go.ttl.listMs', from: '1m', to: '5s', needsRestart: false },
        ],
      },
    ])
  })

  test('a file that is empty for a moment is being written, not emptied', async () => {
    const { scene, told, fileChanged, settle } = await start('go: {private: a.example}')
    scene.text = ''
    fileChanged()
    await settle()
    expect(told).toEqual([])
    scene.text = 'go: {private: b.example}'
    fileChanged()
    await settle()
    expect(told).toMatchObject([{ changes: [{ key: 'go.private', to: ['b.example'] }, {}] }])
  })

  test.each(['it stays so', 'somebody asks'])('an empty file counts once %s', async (how) => {
    const { watch, scene, told, fileChanged, settle } = await start('log: json')
    scene.text = ''
    fileChanged()
    await settle()
    if (how === 'somebody asks') await watch.reload()
    else await settle()
    expect(told).toMatchObject([{ changes: [{ key: 'log', from: 'json', to: 'text' }] }])
  })

  test.each([
    ['cache: {maxBytes: 1GiB}', 'cache.maxBytes'],
    ['upstream: {stallMs: 9s}', 'upstream.stallMs'],
    ['ahead: {maxBytes: 1GiB}', 'ahead.maxBytes'],
  ])('what is read once at the start needs a restart: %s', async (text, key) => {
    const { watch, scene, told } = await start('log: json')
    scene.text = `log: json\n${text}`
    await watch.reload()
    expect(told).toMatchObject([{ changes: [{ key, needsRestart: true }] }])
  })

  test('what needs a restart keeps its old value, and is told once', async () => {
    const { watch, scene, told, fileChanged, settle } = await start('listen: 127.0.0.1:1000')
    scene.text = 'listen: 127.0.0.1:2000\nlog: json'
    await watch.reload()
    expect(told).toMatchObject([
      {
        kind: 'changed',
        config: { listen: { port: 1000 }, log: 'json' },
        changes: [
          { key: 'listen', from: '127.0.0.1:1000', to: '127.0.0.1:2000', needsRestart: true },
          { key: 'log' },
        ],
      },
    ])
    fileChanged()
    await settle()
    expect(told).toHaveLength(1)
  })

  test('wrong settings are told with every problem, and the old ones stay', async () => {
    const { watch, scene, told } = await start('log: json')
    scene.text = 'log: xml\nlistn: 1'
    await watch.reload()
    expect(told).toMatchObject([{ kind: 'rejected', problems: [{ key: 'listn' }, { key: 'log' }] }])
    scene.text = 'log: off'
    await watch.reload()
    expect(told[1]).toMatchObject({ kind: 'changed', changes: [{ key: 'log', from: 'json', to: 'off' }] })
  })

  test('a file that is as it was again after a mistake is told', async () => {
    const { scene, told, fileChanged, settle } = await start('log: json')
    scene.text = 'log: xml'
    fileChanged()
    await settle()
    fileChanged()
    await settle()
    scene.text = 'log: json'
    fileChanged()
    await settle()
    expect(told.map(({ kind }) => kind)).toEqual(['rejected', 'unchanged'])
  })

  test('a loader that throws is a problem, not an end', async () => {
    const { watch, scene, told } = await start('log: json')
    scene.fail = true
    await watch.reload()
    expect(told).toMatchObject([{ kind: 'rejected', problems: [{ message: 'the disk is gone' }] }])
  })

  test('a secret is never shown', async () => {
    const { watch, scene, told } = await start('admin: {token: s3cret-s3cret-s3cret}')
    scene.text = 'admin: {token: other-s3cret-s3cret}'
    await watch.reload()
    const [first] = told
    if (first?.kind !== 'changed') throw new Error('no change was told')
    expect(first.changes).toEqual([{ key: 'admin.token', from: '***', to: '***', needsRestart: false }])
  })
})

describe('what starts a look', () => {
  test('a signal is always answered, a file event only by news', async () => {
    const { told, signal, fileChanged, settle } = await start('log: json')
    fileChanged()
    await settle()
    expect(told).toEqual([])
    signal()
    await settle()
    expect(told).toEqual([{ kind: 'unchanged' }])
  })

  test('many file events at once are one look', async () => {
    const { scene, fileChanged, settle, timers } = await start('log: json')
    for (let i = 0; i < 5; i++) fileChanged()
    expect(timers.size).toBe(1)
    await settle()
    expect(scene.loads).toBe(1)
  })

  test('both places where a file could lie are watched, and all watching ends', async () => {
    const { watch, watched, ended, fileChanged, timers, told, signal, scene } = await start('log: json')
    expect(watched).toEqual(
      ['/w/posthaste.yaml', '/h/.config/posthaste/posthaste.yaml'].slice(0, watched.length),
    )
    expect(watched[0]).toBe('/w/posthaste.yaml')
    fileChanged()
    scene.text = 'log: text'
    signal()
    watch[Symbol.dispose]()
    expect(ended()).toBe(watched.length + 1)
    expect(timers.size).toBe(0)
    await watch.reload()
    expect(told).toEqual([])
  })
})

describe('the system', () => {
  async function noticed(change: (file: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'posthaste-watch-'))
    const file = join(folder, 'posthaste.yaml')
    await writeFile(join(folder, 'new'), 'log: text')
    let end = nothing
    try {
      const heard = new Promise<void>((resolve) => {
        end = systemPorts.onFileChange(file, resolve)
      })
      await change(file)
      await heard
    } finally {
      end()
      await rm(folder, { recursive: true })
    }
  }

  test('a file that appears is noticed', () => noticed((file) => writeFile(file, 'log: json')))

  test('a file that is replaced is noticed', () =>
    noticed((file) => rename(join(dirname(file), 'new'), file)))

  test('a swapped link beside it is noticed', () =>
    noticed((file) => symlink('somewhere', join(dirname(file), '..data'))))

  test('a folder that is not there leaves the signal', () => {
    systemPorts.onFileChange('/no/such/folder/posthaste.yaml', nothing)()
    let heard = 0
    const before = process.listenerCount('SIGHUP')
    const end = systemPorts.onSignal(() => {
      heard++
    })
    process.emit('SIGHUP', 'SIGHUP')
    end()
    expect(heard).toBe(1)
    expect(process.listenerCount('SIGHUP')).toBe(before)
  })
})
