import { VERSION } from '../version.ts'
import { cacheCommand } from './cache-command.ts'
import type { Command } from './command.ts'
import { configCommand } from './config-command.ts'
import { doctorCommand } from './doctor-command.ts'
import { didYouMean } from './flags.ts'
import type { ExitCode, Io } from './io.ts'
import { mirrorsCommand } from './mirrors-command.ts'
import { serveCommand } from './serve-command.ts'
import { setupCommand } from './setup-command.ts'
import { traceCommand } from './trace-command.ts'
import { upstreamsCommand } from './upstreams-command.ts'
import { verifyCommand } from './verify-command.ts'

const commands: readonly Command[] = [
  { name: 'serve', summary: 'runs the caching proxy', run: serveCommand },
  {
    name: 'upstreams',
    summary: 'shows the sources, where each was found, and whether it answers',
    run: upstreamsCommand,
  },
  { name: 'doctor', summary: 'finds out why packages come slowly or not at all', run: doctorCommand },
  { name: 'mirrors', summary: 'measures public mirrors and says which is best', run: mirrorsCommand },
  { name: 'trace', summary: 'shows the way to a host, and where loss or delay begins', run: traceCommand },
  { name: 'cache', summary: 'shows, checks and cleans what is kept', run: cacheCommand },
  { name: 'setup', summary: 'leads package managers here, and puts everything back', run: setupCommand },
  {
    name: 'verify',
    summary: 'proves that package managers go through here, or says what bypasses',
    run: verifyCommand,
  },
  { name: 'config', summary: 'checks and shows the settings', run: configCommand },
  { name: 'version', summary: 'prints the version', run: versionCommand },
]

const helpWords: readonly string[] = ['help', '--help', '-h']

const help = `posthaste: a caching relay for package managers

Usage: posthaste COMMAND [FLAGS]

${commands.map(({ name, summary }) => `  ${name.padEnd(11)}${summary}`).join('\n')}
  help       prints this, or the help of a command

Example: posthaste serve --listen 127.0.0.1:7678
         go env -w GOPROXY="http://127.0.0.1:7678/go|direct"

'posthaste COMMAND --help' tells more. Exit codes: 0 done and healthy, 1 a problem found or failed, 2 could
not tell, 64 wrong usage.
`

/** Runs one command line. Never throws for what a user wrote. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const [name, ...rest] = args
  if (name === undefined) {
    io.stderr.write(help)
    return 64
  }
  if (name === '--version' || name === '-v') return versionCommand(rest, io)
  if (helpWords.includes(name)) {
    const [about] = rest
    if (about === undefined || helpWords.includes(about)) {
      io.stdout.write(help)
      return 0
    }
    return run([about, '--help'], io)
  }
  const command = commands.find((candidate) => candidate.name === name)
  if (command !== undefined) return command.run(rest, io)
  const names = commands.map((candidate) => candidate.name)
  io.stderr.write(
    `posthaste: there is no command '${name}'${didYouMean(name, names)}\nSee 'posthaste help'.\n`,
  )
  return 64
}

async function versionCommand(args: readonly string[], io: Io): Promise<ExitCode> {
  if (args.includes('--help') || args.includes('-h')) {
    io.stdout.write(
      'posthaste version [--json]\n\nPrints the version.\n\nExample: posthaste version --json\n',
    )
    return 0
  }
  const unknown = args.find((arg) => arg !== '--json')
  if (unknown !== undefined) {
    io.stderr.write(`posthaste version: unknown flag ${unknown}\nSee 'posthaste version --help'.\n`)
    return 64
  }
  const json = JSON.stringify({ version: VERSION, runtime: `bun ${Bun.version}` })
  io.stdout.write(args.includes('--json') ? `${json}\n` : `posthaste ${VERSION}\n`)
  return 0
}
