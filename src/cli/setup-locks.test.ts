import { describe, expect, test } from 'bun:test'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { scene } from './setup-scene.ts'

describe('lock files', () => {
  const taobao = 'https://registry.npm.taobao.org/ms/download/ms-2.0.0.tgz'
  const lock = `{"packages": {"node_modules/ms": {"resolved": "${taobao}"}, "a": {"resolved": "https://npm.acme.example/a/-/a-1.0.0.tgz"}}}`
  const npmTells = {
    machine: {
      run: async () => ({ ok: true, stdout: 'https://npm.origin.example/\n', stderr: '' }),
      platform: 'linux',
    },
  } as const

  test('that remember a mirror are shown', async () => {
    await using at = await scene()
    await at.write('project/web/package-lock.json', lock)
    const { code, out } = await at.setup('locks')
    expect(code).toBe(1)
    expect(out).toContain(
      '~/project/web/package-lock.json: remembers registry.npm.taobao.org (1 of 2 addresses)',
    )
  })

  test('are mended on request, and put back', async () => {
    await using at = await scene()
    await at.write('project/package-lock.json', lock)
    expect((await at.setup('locks --rewrite --yes', npmTells)).code).toBe(0)
    const mended = lock.replace(taobao, 'https://npm.origin.example/ms/-/ms-2.0.0.tgz')
    expect(await at.read('project/package-lock.json')).toBe(mended)
    expect((await at.setup('locks', npmTells)).code).toBe(0)
    await at.setup('--undo --yes')
    expect(await at.read('project/package-lock.json')).toBe(lock)
  })

  test('lead to a relay with --url', async () => {
    await using at = await scene()
    await at.write('project/package-lock.json', lock)
    expect((await at.setup('locks --rewrite --yes --url http://relay.example:7678')).code).toBe(0)
    expect(await at.read('project/package-lock.json')).toContain(
      '"http://relay.example:7678/npm/ms/-/ms-2.0.0.tgz"',
    )
  })

  test('stay as they are when no client tells its registry', async () => {
    await using at = await scene()
    await at.write('project/package-lock.json', lock)
    const { code, out } = await at.setup('locks --rewrite --yes')
    expect(code).toBe(1)
    expect(out).toContain('give --url BASE')
    expect(await at.read('project/package-lock.json')).toBe(lock)
  })

  test('that change while the question stands are left alone, and the others are mended', async () => {
    await using at = await scene()
    await at.write('project/a/package-lock.json', lock)
    await at.write('project/b/package-lock.json', lock)
    const late = lock.replace('ms-2.0.0', 'ms-2.1.3')
    const ask = async () => {
      await at.write('project/a/package-lock.json', late)
      return true
    }
    const { code, err } = await at.setup('locks --rewrite', { ...npmTells, ask })
    expect([code, await at.read('project/a/package-lock.json')]).toEqual([1, late])
    expect(err).toContain(
      '/project/a/package-lock.json is left alone: it changed in the meantime (run it again)',
    )
    expect(await at.read('project/b/package-lock.json')).toContain('npm.origin.example')
    expect(await at.journal()).toEqual(['setup', 'setup/000001-locks.json'])
  })

  test('that cannot be read are named and passed over, and the others are mended', async () => {
    await using at = await scene()
    await at.write('project/a/package-lock.json', 'bin\0ary')
    await mkdir(join(at.home, 'project/b'))
    await symlink('package-lock.json', join(at.home, 'project/b/package-lock.json'))
    await at.write('project/c/package-lock.json', lock)
    const { code, out, err } = await at.setup('locks --rewrite --yes', npmTells)
    expect(code).toBe(1)
    expect(err).toContain(
      '~/project/a/package-lock.json is passed over: it is UTF-16 or binary (save it as UTF-8)\n',
    )
    expect(err).toMatch(/~\/project\/b\/package-lock\.json is passed over: .*ELOOP/)
    expect(out).not.toContain('/a/')
    expect(await at.read('project/c/package-lock.json')).toContain('npm.origin.example')
    const again = await at.setup('locks --json')
    expect([again.code, JSON.parse(again.out).skipped.length]).toEqual([1, 2])
  })

  test('are not said to be missing where the only one cannot be read', async () => {
    await using at = await scene()
    await at.write('project/package-lock.json', 'bin\0ary')
    expect(await at.setup('locks')).toMatchObject({ code: 1, out: '' })
  })

  test('are said to be missing where there are none', async () => {
    await using at = await scene()
    expect(await at.setup('locks')).toEqual({ code: 0, out: 'there are no lock files here\n', err: '' })
  })
})
