import { describe, expect, test } from 'bun:test'
import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { scene, served } from './setup-scene.ts'

describe('the journal', () => {
  test('tells the server what was set before, and forgets it with the undo', async () => {
    await using at = await scene()
    await at.write('.config/go/env', 'GOPROXY=https://goproxy.cn,direct\n')
    await at.write('.npmrc', 'registry=https://npm.acme.example/\n')
    await at.setup('go npm --yes', served)
    expect(JSON.parse((await at.read('data/journal/go-env.json')) ?? '')).toEqual({
      GOPROXY: 'https://goproxy.cn,direct',
    })
    expect(JSON.parse((await at.read('data/journal/npm.json')) ?? '')).toEqual({
      registry: 'https://npm.acme.example/',
    })
    await at.setup('--undo --yes')
    expect(await at.journal()).toEqual(['setup'])
  })

  test('a second run with another address keeps what was before the first', async () => {
    await using at = await scene()
    await at.write('.npmrc', 'registry=https://npm.acme.example/\n')
    await at.setup('npm --yes', served)
    await at.setup('npm --yes --url http://127.0.0.1:9999', served)
    expect(await at.read('.npmrc')).toBe('registry=http://127.0.0.1:9999/npm/\n')
    expect(JSON.parse((await at.read('data/journal/npm.json')) ?? '')).toEqual({
      registry: 'https://npm.acme.example/',
    })
    expect((await at.setup('--undo --yes')).code).toBe(0)
    expect(await at.read('.npmrc')).toBe('registry=https://npm.acme.example/\n')
  })

  test("npm's address is kept where another client's change takes it away, and for so long", async () => {
    await using at = await scene()
    await at.write('.npmrc', 'registry=https://npm.acme.example/\n')
    await at.setup('pip yarn1 --yes', served)
    const former = { registry: 'https://npm.acme.example/' }
    expect(JSON.parse((await at.read('data/journal/npm.json')) ?? '')).toEqual(former)
    await at.setup('pip --undo --yes')
    expect(JSON.parse((await at.read('data/journal/npm.json')) ?? '')).toEqual(former)
    await at.setup('--undo --yes')
    expect(await at.read('data/journal/npm.json')).toBeUndefined()
  })

  test('an earlier relay is no address that was there before, nor a place to fall back to', async () => {
    await using at = await scene()
    await at.write('.npmrc', 'registry=https://npm.acme.example/\n')
    await at.setup('npm go --yes --url http://a.example:7678', served)
    await at.setup('npm go --yes --url http://b.example:7678', served)
    const npm = JSON.parse((await at.read('data/journal/npm.json')) ?? '')
    expect(npm).toEqual({ registry: 'https://npm.acme.example/' })
    expect(await at.read('.config/go/env')).toBe('GOPROXY=http://b.example:7678/go|direct\n')
    expect(await at.read('data/journal/go-env.json')).toBeUndefined()
    await at.setup('--undo --yes')
    expect(await at.read('.npmrc')).toBe('registry=https://npm.acme.example/\n')
    expect(await at.read('.config/go/env')).toBeUndefined()
  })

  test('a torn entry is told and passed over', async () => {
    await using at = await scene()
    await at.setup('npm --yes', served)
    await at.write('data/journal/setup/000009-pip.json', '{"format": 1')
    const { code, err } = await at.setup('--undo --yes')
    expect(code).toBe(1)
    expect(err).toContain('000009-pip.json is passed over: it is no JSON')
    expect(await at.read('.npmrc')).toBeUndefined()
  })

  test('a former address is remembered while an entry that may stand on it cannot be read', async () => {
    await using at = await scene()
    await at.write('.npmrc', 'registry=https://npm.acme.example/\n')
    await at.setup('npm pip --yes', served)
    const file = 'data/journal/setup/000001-npm.json'
    const entry = (await at.read(file)) ?? ''
    await at.write(file, entry.replace('"format": 1', '"format": 2'))
    const { code, err } = await at.setup('--undo --yes')
    expect([code, await at.read('.config/pip/pip.conf')]).toEqual([1, undefined])
    expect(err).toContain('000001-npm.json is passed over: it is of another version of this program')
    expect(await at.read('.npmrc')).toBe('registry=http://127.0.0.1:7678/npm/\n')
    expect(JSON.parse((await at.read('data/journal/npm.json')) ?? '')).toEqual({
      registry: 'https://npm.acme.example/',
    })
    await at.write(file, entry)
    expect((await at.setup('--undo --yes')).code).toBe(0)
    expect(await at.journal()).toEqual(['setup'])
  })

  test('bytes that rotted are never put back', async () => {
    await using at = await scene()
    await at.write('.npmrc', 'fund=false\n')
    await at.setup('npm --yes', served)
    const file = 'data/journal/setup/000001-npm.json'
    await at.write(file, ((await at.read(file)) ?? '').replace('ZnVuZD1mYWxzZQo=', 'ZnVuZD1tYWxzZQo='))
    expect((await at.setup('--undo --yes')).err).toContain('do not fit their checksum')
    expect(await at.read('.npmrc')).toContain('registry=')
  })

  test('one file that two clients share is written once and put back once', async () => {
    await using at = await scene()
    await at.write('.npmrc', 'registry=https://registry.npmmirror.com/\n')
    const { code, out } = await at.setup('npm yarn1 --yes', served)
    expect(code).toBe(0)
    expect(out.match(/^wrote /gm)).toHaveLength(1)
    await at.setup('--undo --yes')
    expect(await at.read('.npmrc')).toBe('registry=https://registry.npmmirror.com/\n')
  })
})

describe('undo, when somebody changed the file since', () => {
  async function changed(now: string) {
    const at = await scene()
    await at.write('.npmrc', '# mine\nregistry=https://a.example/\nfund=false\n')
    await at.setup('npm --yes', served)
    await at.write('.npmrc', now)
    return at
  }
  const ours = 'registry=http://127.0.0.1:7678/npm/'

  test('takes our line out and keeps theirs', async () => {
    await using at = await changed(`# mine\n${ours}\nfund=false\nsave-exact=true\n`)
    const { code, out } = await at.setup('--undo --yes')
    expect(code).toBe(0)
    expect(out).toContain('changed since setup wrote it')
    expect(out).toContain('+ save-exact=true')
    expect(await at.read('.npmrc')).toBe('# mine\nregistry=https://a.example/\nfund=false\nsave-exact=true\n')
  })

  test('joins no two lines of a file that had no line end at its end', async () => {
    await using at = await scene()
    await at.write('.npmrc', '//npm.acme.example/:_authToken=SECRET')
    await at.setup('npm --yes', served)
    await at.write('.npmrc', `${await at.read('.npmrc')}save-exact=true\n`)
    expect((await at.setup('--undo --yes')).code).toBe(0)
    expect(await at.read('.npmrc')).toBe('//npm.acme.example/:_authToken=SECRET\nsave-exact=true\n')
  })

  test('leaves it alone where both are at one place, even with --yes', async () => {
    const now = '# mine\nregistry=https://somebody.example/\nfund=false\n'
    await using at = await changed(now)
    const { code, out } = await at.setup('--undo --yes')
    expect(code).toBe(1)
    expect(out).toContain('cannot be told apart')
    expect(await at.read('.npmrc')).toBe(now)
    expect(await at.journal()).toContain('setup/000001-npm.json')
  })

  test('puts the original back there when a person says so', async () => {
    await using at = await changed('# mine\nregistry=https://somebody.example/\nfund=false\n')
    expect((await at.setup('--undo', { ask: async () => true })).code).toBe(0)
    expect(await at.read('.npmrc')).toBe('# mine\nregistry=https://a.example/\nfund=false\n')
  })

  test('does nothing where the original stands again', async () => {
    await using at = await changed('# mine\nregistry=https://a.example/\nfund=false\n')
    expect((await at.setup('--undo --yes')).code).toBe(0)
    const out = 'there is nothing to undo: no change stands in ~/data/journal/setup\n'
    expect(await at.setup('--undo --yes')).toMatchObject({ code: 0, out })
    expect((await at.setup('pip --undo --yes')).out).toContain('there is nothing of pip to undo')
  })

  test('says of a file that setup made that it is gone, and of another that it is back', async () => {
    await using at = await scene()
    await at.write('.npmrc', 'fund=false\n')
    await at.setup('npm pip --yes', served)
    const { out } = await at.setup('--undo --yes')
    expect(out).toContain('removed, as it was before setup: ~/.config/pip/pip.conf')
    expect(out).toContain('put back, byte for byte: ~/.npmrc')
  })

  test('asks for each what it would do with it', async () => {
    await using at = await scene()
    await at.write('.npmrc', 'fund=false\n')
    await at.setup('npm pip uv --yes', served)
    await at.write('.config/uv/uv.toml', `${await at.read('.config/uv/uv.toml')}\n[pip]\n`)
    const asked: string[] = []
    const ask = async (question: string) => asked.push(question) < 3
    expect((await at.setup('--undo', { ask })).code).toBe(1)
    expect(asked).toEqual(['Take out what setup wrote, and keep the rest?', 'Remove it?', 'Put it back?'])
    expect(await at.read('.npmrc')).toContain('registry=')
  })

  test('leaves alone what was locked since, says so, and undoes it afterwards', async () => {
    await using at = await scene()
    await at.write('.npmrc', 'fund=false\n')
    await at.setup('npm --yes', served)
    await chmod(join(at.home, '.npmrc'), 0o444)
    const { code, err } = await at.setup('--undo --yes')
    expect(code).toBe(1)
    expect(err).toContain('~/.npmrc is left alone: it is read-only; lift that')
    expect(await at.read('.npmrc')).toContain('registry=')
    await chmod(join(at.home, '.npmrc'), 0o644)
    expect((await at.setup('--undo --yes')).code).toBe(0)
    expect(await at.read('.npmrc')).toBe('fund=false\n')
  })

  test.each([
    ['as setup left it', ''],
    ['changed', 'save-exact=true\n'],
  ])('leaves alone what is written while the question stands: a file %s', async (_, since) => {
    await using at = await scene()
    await at.write('.npmrc', 'fund=false\n')
    await at.setup('npm --yes', served)
    await at.write('.npmrc', `${await at.read('.npmrc')}${since}`)
    const late = 'fund=false\n//npm.acme.example/:_authToken=NEW\n'
    const ask = async () => {
      await at.write('.npmrc', late)
      return true
    }
    const { code, err } = await at.setup('--undo', { ask })
    expect([code, await at.read('.npmrc')]).toEqual([1, late])
    expect(err).toContain(
      "/.npmrc is left alone: it changed in the meantime (run 'posthaste setup --undo' again)",
    )
    expect(await at.journal()).toContain('setup/000001-npm.json')
  })

  test('makes nothing anew that is removed while the question stands', async () => {
    await using at = await scene()
    await at.write('.npmrc', 'fund=false\n')
    await at.setup('npm --yes', served)
    const ask = async () => {
      await rm(join(at.home, '.npmrc'))
      return true
    }
    expect((await at.setup('--undo', { ask })).code).toBe(1)
    expect(await at.read('.npmrc')).toBeUndefined()
  })

  test('of one client leaves the others', async () => {
    await using at = await scene()
    await at.setup('npm pip --yes', served)
    await at.setup('npm --undo --yes')
    expect(await at.read('.npmrc')).toBeUndefined()
    expect(await at.read('.config/pip/pip.conf')).toContain('index-url')
  })

  test('a dry run of it changes nothing', async () => {
    await using at = await scene()
    await at.setup('npm --yes', served)
    const { code, out } = await at.setup('--undo --dry-run')
    expect(code).toBe(0)
    expect(out).toContain('setup made it; it goes')
    expect(await at.read('.npmrc')).toBeDefined()
  })
})

describe('undo of one of two clients that share a file', () => {
  const mine = '[project]\nname = "x"\nversion = "1"\n'
  const both = ['uv', 'poetry'] as const

  test.each([both, both.toReversed()])(
    '%s first leaves the other, which can be undone too',
    async (...order) => {
      await using at = await scene()
      await at.write('project/pyproject.toml', mine)
      await at.setup('uv poetry --scope project --yes', served)
      expect((await at.setup(`${order[0]} --undo --yes`)).code).toBe(0)
      const between = await at.read('project/pyproject.toml')
      expect([between?.includes('tool.uv'), between?.includes('tool.poetry')]).toEqual(
        order[0] === 'uv' ? [false, true] : [true, false],
      )
      expect((await at.setup('--undo --yes')).code).toBe(0)
      expect(await at.read('project/pyproject.toml')).toBe(mine)
      expect(await at.journal()).toEqual(['setup'])
    },
  )

  test('keeps for both what somebody wrote since', async () => {
    await using at = await scene()
    await at.write('project/pyproject.toml', mine)
    await at.setup('uv poetry --scope project --yes', served)
    await at.write('project/pyproject.toml', `# theirs\n${await at.read('project/pyproject.toml')}`)
    expect((await at.setup('uv --undo --yes')).code).toBe(0)
    expect((await at.setup('--undo --yes')).code).toBe(0)
    expect(await at.read('project/pyproject.toml')).toBe(`# theirs\n${mine}`)
  })

  test('is not done where the later change rests on the earlier one; that one is named', async () => {
    await using at = await scene()
    await at.write('.npmrc', 'registry=https://a.example/\n')
    await at.setup('npm --yes', served)
    await at.setup('yarn1 --yes --url http://127.0.0.1:9999', served)
    const { code, err } = await at.setup('npm --undo --yes')
    expect(code).toBe(1)
    expect(err).toContain(
      '~/.npmrc is left alone: a later change of it, by yarn1, rests on this one; take that back first: posthaste setup yarn1 --undo\n',
    )
    expect(await at.read('.npmrc')).toContain(':9999/')
    const json = JSON.parse((await at.setup('npm --undo --yes --json')).out)
    expect(json.files[0]).toMatchObject({
      outcome: 'kept',
      reason: expect.stringContaining('take that back first: posthaste setup yarn1 --undo'),
    })
    for (const one of ['yarn1', 'npm']) expect((await at.setup(`${one} --undo --yes`)).code).toBe(0)
    expect(await at.read('.npmrc')).toBe('registry=https://a.example/\n')
  })

  test('a dry run of both takes the later one for done', async () => {
    await using at = await scene()
    await at.setup('npm --yes', served)
    await at.write('.npmrc', `${await at.read('.npmrc')}# theirs\n`)
    await at.setup('yarn1 --yes --url http://127.0.0.1:9999', served)
    expect((await at.setup('--undo --dry-run')).code).toBe(0)
    expect((await at.setup('--undo --yes')).code).toBe(0)
    expect(await at.read('.npmrc')).toBe('# theirs\n')
  })
})
