import type { PathVerdict, Stretch } from './path-verdict.ts'
import { milliseconds as ms, percent, type TracedTarget, type VerdictWords } from './verdict-text.ts'

export function chineseWords(verdict: PathVerdict, target: TracedTarget): VerdictWords {
  const name = target.protocol === 'tcp' ? `${target.host}:${target.port}` : target.host
  const protocol = target.protocol.toUpperCase()
  switch (verdict.id) {
    case 'path.fine':
      return { message: `到 ${name} 的路径正常` }
    case 'path.no_route':
      return {
        message: `本机没有到 ${target.address} 的路由（${verdict.error}）`,
        fix: '检查网线、Wi-Fi、VPN 和默认路由：ip route',
      }
    case 'path.local_firewall':
      return {
        message: `本机禁止向 ${target.address} 发包（${verdict.error}）`,
        fix: '检查本机防火墙：nft list ruleset、iptables -S OUTPUT，以及 prohibit 类型的路由',
      }
    case 'path.prohibited':
      return {
        message: `${who(verdict)}拒绝到 ${name} 的 ${protocol}：是防火墙`,
        fix: verdict.byTarget
          ? '在目标的防火墙上放行该端口。'
          : `请 ${verdict.by} 的管理者放行，或改用代理或其他镜像（posthaste mirrors）。`,
      }
    case 'path.unreachable':
      return {
        message: `${who(verdict)}没有到 ${target.address} 的路（${verdict.meaning} unreachable）`,
        fix: '故障在该处或其后：先核对地址，再联系对方网络，或换一个镜像。',
      }
    case 'path.loop':
      return {
        message: `数据包从第 ${verdict.ttl} 跳起绕圈：${verdict.hosts.join('、')}`,
        fix: '那里的路由器配置有误，只有其网络的管理者能修。',
      }
    case 'path.blackhole':
      return {
        message: `${beyond(verdict)}：到 ${name} 的包在此消失，被防火墙丢弃，或目标已停机`,
        fix: `看其他端口是否应答（posthaste trace ${target.host}:80），其他镜像是否可用（posthaste mirrors）。`,
      }
    case 'path.target_silent':
      return {
        message: `${beyond(verdict)}（${protocol}）；许多目标本来就不答，不能说明问题`,
        fix: `直接探测服务：posthaste trace ${target.host}:443 --tcp`,
      }
    case 'path.unfinished':
      return {
        message: `${verdict.ttl === 0 ? '还没有任何应答，追踪就结束了' : `追踪在第 ${verdict.ttl} 跳${verdict.host ? `（${verdict.host}）` : ''}结束`}：还看不出 ${name} 是否应答`,
        fix: '让它运行更久；路径长于 --max-hops 时，调大该值。',
      }
    case 'path.loss':
      return {
        message: `发往 ${name} 的 ${verdict.sent} 个包丢了 ${percent(verdict.lossPercent)}（95 % 把握在 ${percent(verdict.lowPercent)} 到 ${percent(verdict.highPercent)} 之间）：在${between(verdict.where)}，或在回程`,
        fix: nearby(verdict.where),
      }
    case 'path.flow_loss':
      return {
        message: `${verdict.flows} 条流中有 ${verdict.badFlows} 条到 ${name} 完全不通，其余正常：几条等价路径中有一条坏了`,
        fix: '表现为有的连接卡住、有的正常；把本报告交给网络方，暂时可以重试。',
      }
    case 'path.delay':
      return {
        message: `到 ${name} 最快也要 ${ms(verdict.bestMs)} ms：其中 ${ms(verdict.riseMs)} ms 始于${between(verdict.where)}并一直保持`,
        fix: '卫星、绕路或队列积压。换近一些的镜像：posthaste mirrors',
      }
    case 'path.unsteady':
      return {
        message: `到 ${name} 的往返时间在 ${ms(verdict.bestMs)} 到 ${ms(verdict.worstMs)} ms 之间波动（抖动 ${ms(verdict.jitterMs)} ms）；始于${between(verdict.where)}并一直保持`,
        fix: nearby(verdict.where),
      }
    case 'path.mtu_hole':
      return {
        message: `到 ${name} 超过 ${verdict.bytes} 字节的包无声消失${verdict.where ? `，在${between(verdict.where)}，或在回程` : ''}：大的回应会卡住`,
        fix: `把本机链路的 MTU 降到 ${verdict.bytes}（ip link set dev DEV mtu ${verdict.bytes}），或让 TCP 自行探测：sysctl net.ipv4.tcp_mtu_probing=1`,
      }
    case 'path.mtu_low':
      return {
        message: `路径可通过 ${verdict.bytes} 字节的包${verdict.by ? `（${verdict.by} 所告）` : ''}（隧道、PPPoE）；系统会自行处理`,
      }
    case 'path.rate_limited':
      return { message: `只在${hopList(verdict.hops)}出现的丢包不是丢包：路由器限制了应答频率` }
    case 'path.shared_load':
      return { message: `有几条等价路径：第 ${verdict.ttls.join('、')} 跳不止一台路由器` }
    case 'path.port_closed':
      return {
        message: `${target.address} 有应答，但端口 ${target.port} 无人监听`,
        fix: '核对端口，并确认服务在运行。',
      }
  }
}

function who({ ttl, by, byTarget }: { ttl: number; by: string; byTarget: boolean }): string {
  return byTarget ? `目标 ${by} ` : `第 ${ttl} 跳（${by}）`
}

function beyond({ ttl, host }: { ttl: number; host?: string }): string {
  return ttl === 0 ? '连第一跳也没有应答' : `第 ${ttl} 跳${host ? `（${host}）` : ''}之后无人应答`
}

function between({ afterTtl, afterHost, fromTtl, fromHost }: Stretch): string {
  const after = afterTtl === 0 ? '本机' : `第 ${afterTtl} 跳${afterHost ? `（${afterHost}）` : ''}`
  return `${after}与第 ${fromTtl} 跳${fromHost ? `（${fromHost}）` : ''}之间`
}

function nearby({ afterTtl }: Stretch): string {
  return afterTtl === 0
    ? '是您自己的线路：用网线代替 Wi-Fi，看看路由器和同时占用线路的程序。'
    : '不是您的机器：告知该跳所属的网络，或换一个镜像（posthaste mirrors）。'
}

function hopList(hops: readonly { ttl: number; lossPercent: number }[]): string {
  return hops.map(({ ttl, lossPercent }) => `第 ${ttl} 跳（${percent(lossPercent)}）`).join('、')
}
