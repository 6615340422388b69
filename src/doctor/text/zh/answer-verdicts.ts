import type { VerdictTexts } from '../texts.ts'

/** Of answers, mirrors and settings. */
export const answerVerdicts = {
  'block.page': {
    title: '过滤设备用自己的页面作答（状态 {status}）：{title}',
    fix: '请网络管理员放行 {url}，或使用镜像：\n$ posthaste mirrors',
  },
  'http.login_page': {
    title: '服务器要求登录（状态 {status}）：{title}',
    fix: '为该主机提供凭据（upstream.credentials、netrc 或客户端的令牌）。地址：{url}',
  },
  'mirror.forbidden': {
    title: '镜像拒绝访问（403）：{snippet}',
    fix: '有的镜像会拒绝流量过大的网络或不认识的程序。请把提示内容转告其管理员，或换一个：\n$ posthaste mirrors',
  },
  'mirror.ratelimited': {
    title: '镜像限制了您的请求（状态 {status}，Retry-After {retryAfter}）',
    fix: '请等待，并保留已下载的内容，使其只请求一次：\n$ posthaste serve',
  },
  'mirror.retired': {
    title: '镜像已弃用这个地址（状态 {status}）',
    fix: '使用它的新地址或别的镜像：\n$ posthaste mirrors',
  },
  'mirror.missing_cap': {
    title: '镜像不转发校验和数据库，而该数据库又连不上（状态 {status}）',
    fix: '使用会转发的镜像，或数据库在大陆的名称：\n$ go env -w GOSUMDB=sum.golang.google.cn',
  },
  'mirror.stale': {
    title: '镜像落后：{name} 缺少 {other} 已有的 {missing} 个版本，最新的是 {newest}',
    fix: '在它跟上之前使用别的镜像：\n$ posthaste mirrors --explain',
  },
  'mirror.wrong_missing': {
    title: '请求不存在的包时，镜像返回 {status} 而不是 404：{url}',
    fix: '只有 404 和 410 会让客户端改用下一个源。请在 GOPROXY 中把该源后面的分隔符改为 "|"，并反馈给镜像维护者，或换用其他镜像：\n$ posthaste mirrors',
  },
  'mirror.metadata_absent': {
    title: '索引页声明了元数据文件，镜像上却没有（状态码 {status}）：{url}',
    fix: 'pip 遇到这种情况会直接报 HTTP 错误（PEP 658）。请换用其他索引，或改由 Posthaste 提供：\n$ posthaste setup pip',
  },
  'mirror.no_ranges': {
    title: '下载会中断，而镜像不支持断点续传：请求一段内容，返回的却是整个文件',
    fix: '每次重试都要从头下载。请换用支持 Range 的镜像，或配置两个源：\n$ posthaste mirrors --apply',
  },
  'http.server_error': {
    title: '服务器出错，状态 {status}',
    fix: '稍后再试，或使用别的镜像：\n$ posthaste mirrors',
  },
  'http.not_found': {
    title: '服务器没有同类来源都有的内容（状态 {status}）：{url}',
    fix: '这是带完整路径的基地址吗？请与 `posthaste upstreams` 比较。',
  },
  'http.redirect': {
    title: '服务器重定向到 {to}，但那里走不通（{hops} 次重定向）',
    fix: '请在防火墙或代理上也放行 {to}，或使用自己提供文件的镜像：\n$ posthaste mirrors',
  },
  'http.no_answer': {
    title: '服务器收下请求后 {ms} 毫秒没有回答',
    fix: '它过载了，或者途中有设备扣住了回答。换一个镜像：\n$ posthaste mirrors',
  },
  'http.reset': {
    title: '连接在回答之前被切断',
    fix: '服务器故障，或过滤设备切断了它。换一个镜像：\n$ posthaste mirrors',
  },
  'http.not_http': {
    title: '对方回答的不是 HTTP：{snippet}',
    fix: '端口对吗？https 请在地址里写 https://。',
  },
  'http.slow_ttfb': {
    title: '第一个字节要等 {ms} 毫秒（再次：{again} 毫秒）',
    fix: '镜像按需获取，或者过载。本地缓存只付一次代价：\n$ posthaste serve',
  },
  'http.throttled': {
    title: '每个连接限速 {rate} kB/s：{megabytes} MB 需要 {duration}{otherText}',
    fix: '换一个镜像，或用多连接下载的本地缓存：\n$ posthaste mirrors --apply',
  },
  'http.truncated': {
    title: '回答中断：{declared} 字节只收到 {bytes}',
    fix: '网关、杀毒软件或镜像有大小限制或故障。Posthaste 会从另一个来源续传，请配置两个：\n$ posthaste mirrors --apply',
  },
  'http.stall': {
    title: '回答中途停止：{bytes} 字节之后再无数据',
    fix: '换一个镜像；配置了两个来源时，Posthaste 会自行离开停滞的那个：\n$ posthaste mirrors --apply',
  },
  'http.wrong_content': {
    title: '应当是软件包的地方来了网页：{title}',
    fix: '地址有误，或有网关代答：用浏览器打开 {url}。',
  },
  'integrity.mismatch': {
    title: '字节与发布的不同：{reason}',
    fix: '不要使用这个来源，也不要关闭校验。请与别的来源比较，并告知其管理员：{url}',
  },
  'disk.full': {
    title: '{path} 所在磁盘已满（剩 {megabytes} MB）',
    fix: '腾出空间，或调低缓存上限：\n$ posthaste cache gc\n$ go clean -modcache',
  },
  'files.low_limit': {
    title: '同时只能打开 {soft} 个文件（硬上限 {hard}）',
    fix: '大型安装需要更多：\n$ ulimit -n 8192',
  },
  'go.goproxy_invalid': {
    title: 'GOPROXY 有误：{detail}',
    fix: '写完整的地址，用 | 连接：\n$ go env -w GOPROXY="http://127.0.0.1:7678/go|https://goproxy.cn|direct"',
  },
  'go.goproxy_comma': {
    title: 'GOPROXY 在 {first} 之后用了","：它不可用时，后面的来源不会被询问',
    fix: '"|" 遇到任何错误都会继续：\n$ go env -w GOPROXY="{detail}"',
  },
  'go.gosumdb_off': {
    title: 'GOSUMDB 已关闭：没有任何东西证明模块就是当初发布的',
    fix: '请重新打开；工具链也需要它：\n$ go env -u GOSUMDB',
  },
  'go.gosumdb_invalid': {
    title: 'GOSUMDB 有误：{detail}',
    fix: '使用默认值，或它在中国大陆的名称：\n$ go env -w GOSUMDB=sum.golang.google.cn',
  },
  'go.nosumdb_all': {
    title: 'GONOSUMDB=* 对所有模块关闭了校验和数据库',
    fix: '只写私有模块：\n$ go env -u GONOSUMDB',
  },
  'go.private_missing': {
    title: '项目需要私有主机 {detail} 上的模块，而 GOPRIVATE 没有写它',
    fix: '它们的名称会发给公共服务器。请设为私有：\n$ go env -w GOPRIVATE={detail}',
  },
  'go.private_broad': {
    title: 'GOPRIVATE 含有 {detail}：公共模块会因此绕过所有代理和校验和数据库',
    fix: '只写自己的组织：\n$ go env -w GOPRIVATE=github.com/YOUR-ORGANISATION',
  },
  'go.modcache_broken': {
    title: '模块缓存里有损坏的文件：{detail}',
    fix: '删除它们，go 会重新下载：\n$ go clean -modcache',
  },
  'go.flags': {
    title: 'GOFLAGS 设置有问题：{detail}',
    fix: '这不是网络故障。请在设置 GOFLAGS 的地方去掉该参数，或重新生成 vendor 目录：\n$ go env GOFLAGS\n$ go mod vendor',
  },
  'go.modules_off': {
    title: 'GO111MODULE=off：Go 未启用模块模式，不会访问任何代理',
    fix: '重新启用模块模式：\n$ go env -u GO111MODULE',
  },
  'go.workspace': {
    title: '工作区（go.work）设置有问题：{detail}',
    fix: '这不是网络故障。请把当前模块加入工作区，或不使用工作区：\n$ go work use .\n$ export GOWORK=off',
  },
  'go.vendor_stale': {
    title: 'vendor 目录与 go.mod 不一致：{detail}',
    fix: '这不是网络故障：Go 默认使用 vendor 目录，发现不一致就会报错退出。请重新生成：\n$ go mod vendor',
  },
  'npm.lock_hosts': {
    title: '{name} 中记录的主机不在任何配置里：{detail}',
    fix: '安装时会直接从这些主机下载，绕过当前配置的 registry。旧镜像可改写到当前 registry；如果是自己的私有源，请写进 .npmrc：\n$ posthaste setup locks --rewrite',
  },
  'path.fault': { title: '路径有故障：{summary}', fix: '实时查看：\n$ posthaste trace {target}' },
} satisfies VerdictTexts
