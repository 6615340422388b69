import { describe, expect, test } from 'bun:test'
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fakeInstallation, markInstalled } from './support/fake-installation.ts'
import { isolatedEnv } from './support/product.ts'
import { type Spawned, startProcess } from './support/spawned.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

/** Prints its pid and arguments, then waits; ends with 3 on SIGTERM and SIGINT. */
const waits = `
process.on('SIGTERM', () => { console.log('got SIGTERM'); process.exit(3) })
process.on('SIGINT', () => { console.log('got SIGINT'); process.exit(3) })
console.log('up ' + process.pid + ' ' + JSON.stringify(process.argv.slice(2)))
setInterval(() => {}, 1_000)
`
/** Prints its arguments and ends with the number in the first. */
const ends = `console.log(JSON.stringify(process.argv.slice(2))); process.exit(Number(process.argv[2] ?? 0))`

async function run(command: string, args: readonly string[], cwd: string, env = isolatedEnv(cwd)) {
  await using process = startProcess(command, args, { cwd, env })
  const exit = await process.exited
  return { ...exit, stdout: process.stdout(), stderr: process.stderr() }
}

async function upLine(process: Spawned): Promise<{ pid: number; args: string }> {
  const [, pid, args] = /^up (\d+) (.*)$/.exec(await process.sees(/^up \d+/)) ?? []
  return { pid: Number(pid), args: args ?? '' }
}

async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat !== undefined && !/\) Z /.test(stat)
}

describe('bin/posthaste', () => {
  test.each([0, 1, 2, 64])('passes exit code %d on', async (code) => {
    await using root = await temporaryFolder('launcher')
    await fakeInstallation(root.path, { main: ends })
    const result = await run(join(root.path, 'bin/posthaste'), [String(code)], root.path)
    expect([result.code, result.stderr]).toEqual([code, ''])
  })

  test('passes arguments on as they are', async () => {
    await using root = await temporaryFolder('launcher')
    await fakeInstallation(root.path, { main: ends })
    const args = ['0', 'two words', '', '--flag=$HOME', '*', "it's"]
    const result = await run(join(root.path, 'bin/posthaste'), args, root.path)
    expect(JSON.parse(result.stdout)).toEqual(args)
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('becomes the program: %s reaches it', async (signal) => {
    await using root = await temporaryFolder('launcher')
    await fakeInstallation(root.path, { main: waits })
    const options = { cwd: root.path, env: isolatedEnv(root.path) }
    await using process = startProcess(join(root.path, 'bin/posthaste'), [], options)
    expect((await upLine(process)).pid).toBe(process.pid)
    process.signal(signal)
    expect(await process.exited).toEqual({ code: 3, signal: undefined })
    expect(process.stdout()).toContain(`got ${signal}`)
  })

  test('killed, it ends by that signal and leaves nothing behind', async () => {
    await using root = await temporaryFolder('launcher')
    await fakeInstallation(root.path, { main: waits })
    const options = { cwd: root.path, env: isolatedEnv(root.path) }
    await using process = startProcess(join(root.path, 'bin/posthaste'), [], options)
    const { pid } = await upLine(process)
    process.signal('SIGKILL')
    expect(await process.exited).toEqual({ code: undefined, signal: 'SIGKILL' })
    expect(await isRunning(pid)).toBe(false)
  })

  test('works through symbolic links, relative and in a row, from any folder', async () => {
    await using root = await temporaryFolder('launcher')
    const home = join(root.path, 'a folder')
    await mkdir(join(home, 'links'), { recursive: true })
    await fakeInstallation(join(home, 'node_modules/posthaste'), { main: ends })
    await symlink('../node_modules/posthaste/bin/posthaste', join(home, 'links/first'))
    await symlink('first', join(home, 'links/second'))
    const result = await run(join(home, 'links/second'), ['5'], root.path)
    expect([result.code, result.stderr]).toEqual([5, ''])
  })

  test('goes by its own place, whatever CDPATH says', async () => {
    await using root = await temporaryFolder('launcher')
    await fakeInstallation(root.path, { main: ends })
    await mkdir(join(root.path, 'elsewhere/bin'), { recursive: true })
    const env = { ...isolatedEnv(root.path), CDPATH: join(root.path, 'elsewhere') }
    const result = await run('sh', ['bin/posthaste', '5'], root.path, env)
    expect([result.code, result.stderr]).toEqual([5, ''])
  })

  test('takes neither settings nor code from the folder that it is run in', async () => {
    await using root = await temporaryFolder('launcher')
    await fakeInstallation(root.path, { main: "console.log(process.env.FROM_FOLDER ?? 'clean')" })
    const project = join(root.path, 'project')
    await mkdir(project)
    await writeFile(join(project, '.env'), 'FROM_FOLDER=set\n')
    await writeFile(join(project, 'bunfig.toml'), 'preload = ["./code.ts"]\n')
    await writeFile(join(project, 'code.ts'), "console.log('ran code of the folder')")
    const result = await run(join(root.path, 'bin/posthaste'), [], project)
    expect([result.code, result.stdout, result.stderr]).toEqual([0, 'clean\n', ''])
  })

  test.each(['platform-package', 'install-script'] as const)('finds the runtime: %s', async (runtime) => {
    await using root = await temporaryFolder('launcher')
    await fakeInstallation(root.path, { main: ends, runtime })
    const result = await run(join(root.path, 'bin/posthaste'), ['4'], root.path)
    expect([result.code, result.stderr]).toEqual([4, ''])
  })

  test('finds the runtime beside it when it is installed as a dependency', async () => {
    await using root = await temporaryFolder('launcher')
    const modules = join(root.path, 'node_modules')
    await fakeInstallation(join(modules, 'posthaste'), { main: ends, modulesIn: modules })
    const result = await run(join(modules, 'posthaste/bin/posthaste'), ['4'], root.path)
    expect([result.code, result.stderr]).toEqual([4, ''])
  })

  test('says in one sentence what is missing when there is no runtime', async () => {
    await using root = await temporaryFolder('launcher')
    await fakeInstallation(root.path, { main: ends, runtime: 'missing' })
    const result = await run(join(root.path, 'bin/posthaste'), ['0'], root.path)
    expect([result.code, result.stdout]).toEqual([2, ''])
    expect(result.stderr).toMatch(/^posthaste: the Bun runtime for \S+ \S+ is missing .*npm ci.*\.\n$/)
  })
})

describe('npm start', () => {
  test('passes flags on, and leaves no orphan when npm gets SIGTERM', async () => {
    await using root = await temporaryFolder('launcher')
    await fakeInstallation(root.path, { main: waits })
    await markInstalled(root.path)
    const options = { cwd: root.path, env: isolatedEnv(root.path) }
    const args = ['start', '--silent', '--', '--listen', '127.0.0.1:0']
    await using process = startProcess('npm', args, options)
    const up = await upLine(process)
    expect(JSON.parse(up.args)).toEqual(['serve', '--listen', '127.0.0.1:0'])
    process.signal('SIGTERM')
    await process.exited
    expect(process.stdout()).toContain('got SIGTERM')
    expect(await isRunning(up.pid)).toBe(false)
  })

  test('installs by the lock file once; a second start does no work', async () => {
    await using root = await temporaryFolder('launcher')
    await fakeInstallation(root.path, { main: ends })
    const tools = join(root.path, 'tools')
    await mkdir(tools)
    await writeFile(join(tools, 'npm'), '#!/bin/sh\necho "$*" >> calls\n')
    await chmod(join(tools, 'npm'), 0o755)
    const env = { ...isolatedEnv(root.path) }
    env.PATH = `${tools}:${env.PATH}`
    const setup = () => run('node', ['scripts/setup.mjs'], root.path, env)
    const calls = () => readFile(join(root.path, 'calls'), 'utf8').catch(() => '')

    expect((await setup()).code).toBe(0)
    const first = await calls()
    expect(first).toStartWith('ci ')
    expect(await setup()).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect(await calls()).toBe(first)
    await writeFile(join(root.path, 'package-lock.json'), '{}')
    expect((await setup()).code).toBe(0)
    expect((await calls()).trim().split('\n')).toHaveLength(2)
  })

  test('says what failed when the dependencies cannot be installed', async () => {
    await using root = await temporaryFolder('launcher')
    await fakeInstallation(root.path, { main: ends })
    const tools = join(root.path, 'tools')
    await mkdir(tools)
    await writeFile(join(tools, 'npm'), '#!/bin/sh\nexit 1\n')
    await chmod(join(tools, 'npm'), 0o755)
    const env = { ...isolatedEnv(root.path) }
    env.PATH = `${tools}:${env.PATH}`
    const result = await run('node', ['scripts/setup.mjs'], root.path, env)
    expect([result.code, result.stdout]).toEqual([2, ''])
    expect(result.stderr).toContain("'npm ci' failed")
  })
})
