import type { Limit } from '../doctor/path/channels/open-channel.ts'
import type { Language } from '../doctor/path/verdict-words.ts'

/** The words around a trace; the verdict has its own. */
export interface TraceWords {
  readonly columns: readonly string[]
  readonly silent: string
  readonly privileged: string
  readonly unprivileged: string
  readonly rounds: (count: number) => string
  readonly running: string
  readonly fix: string
  readonly connections: string
  readonly limit: Readonly<Record<Limit, string>>
}

const english: TraceWords = {
  columns: ['hop', 'host', 'loss', 'sent', 'last', 'mean', 'best', 'worst', 'jitter', 'ms'],
  silent: '(no answer)',
  privileged: 'raw sockets',
  unprivileged: 'without privileges',
  rounds: (count) => `${count} ${count === 1 ? 'round' : 'rounds'}`,
  running: 'Ctrl-C ends it with the verdict',
  fix: 'fix',
  connections: 'connections to the target, no hops',
  limit: {
    'tcp-port-per-ttl':
      'without root or CAP_NET_RAW each TTL has a source port of its own: where load is shared, rows may be of different paths',
    'icmp-not-permitted':
      'ICMP needs root, CAP_NET_RAW or net.ipv4.ping_group_range: UDP was used in its place',
    'udp-port-per-ttl':
      'answers do not show which probe of a shared port they are about, so each TTL has a source port of its own: rows may be of different paths',
    'no-packet-sockets': 'hops cannot be seen here, only connections to the target were timed',
  },
}

const chinese: TraceWords = {
  columns: ['跳', '主机', '丢包', '已发', '最近', '平均', '最快', '最慢', '抖动', '毫秒'],
  silent: '（无应答）',
  privileged: '原始套接字',
  unprivileged: '无特权',
  rounds: (count) => `${count} 轮`,
  running: '按 Ctrl-C 结束并给出结论',
  fix: '办法',
  connections: '到目标的连接，看不到各跳',
  limit: {
    'tcp-port-per-ttl':
      '没有 root 或 CAP_NET_RAW，每个 TTL 用各自的源端口：有负载分担时，各行可能属于不同路径',
    'icmp-not-permitted': 'ICMP 需要 root、CAP_NET_RAW 或 net.ipv4.ping_group_range：已改用 UDP',
    'udp-port-per-ttl':
      '有应答看不出对应共用端口的哪个探测包，每个 TTL 改用各自的源端口：各行可能属于不同路径',
    'no-packet-sockets': '此处看不到各跳，只测了到目标的连接',
  },
}

export function traceWords(language: Language): TraceWords {
  return language === 'zh' ? chinese : english
}

/** `--lang`, else the locale variables in their order of precedence (POSIX), else English. */
export function languageOf(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Language | undefined {
  if (flag !== undefined) return flag === 'en' || flag === 'zh' ? flag : undefined
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || ''
  return locale.toLowerCase().startsWith('zh') ? 'zh' : 'en'
}
