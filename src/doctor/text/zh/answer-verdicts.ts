import type { VerdictTexts } from '../texts.ts'

/** Of answers, mirrors and settings. */
export const answerVerdicts = {
  'block.page': {
    title: '过滤设备返回了拦截页面（状态码 {status}）：{title}',
    fix: '请联系网络管理员放行 {url}，或使用镜像：\n$ posthaste mirrors',
  },
  'http.login_page': {
    title: '服务器要求登录（状态码 {status}）：{title}',
    fix: '请为该主机配置凭据（upstream.credentials、netrc 或客户端的 token）。地址：{url}',
  },
  'mirror.forbidden': {
    title: '镜像拒绝访问（403）：{snippet}',
    fix: '有些镜像会拒绝流量过大的网段或不认识的客户端。请把提示内容反馈给镜像维护者，或换用其他镜像：\n$ posthaste mirrors',
  },
  'mirror.ratelimited': {
    title: '镜像对请求做了限流（状态码 {status}，Retry-After {retryAfter}）',
    fix: '请稍后再试，并用本地缓存避免重复请求：\n$ posthaste serve',
  },
  'mirror.retired': {
    title: '镜像已停用该地址（状态码 {status}）',
    fix: '请使用它的新地址，或换用其他镜像：\n$ posthaste mirrors',
  },
  'mirror.missing_cap': {
    title: '镜像不代理校验和数据库（sumdb），而该数据库又无法直接访问（状态码 {status}）',
    fix: '请使用支持代理 sumdb 的镜像，或改用它在中国大陆的地址：\n$ go env -w GOSUMDB=sum.golang.google.cn',
  },
  'mirror.stale': {
    title: '镜像同步滞后：{name} 比 {other} 少 {missing} 个版本，其中最新的是 {newest}',
    fix: '在同步完成之前，请使用其他镜像：\n$ posthaste mirrors --explain',
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
    title: '服务器出错，状态码 {status}',
    fix: '请稍后重试，或使用其他镜像：\n$ posthaste mirrors',
  },
  'http.not_found': {
    title: '服务器上找不到同类源都有的内容（状态码 {status}）：{url}',
    fix: '请确认这是包含完整路径的基地址，可与 `posthaste upstreams` 的输出对比。',
  },
  'http.redirect': {
    title: '服务器重定向到 {to}，但该地址不可用（{hops} 次重定向）',
    fix: '请在防火墙或代理上同时放行 {to}，或使用不跳转到其他主机的镜像：\n$ posthaste mirrors',
  },
  'http.no_answer': {
    title: '服务器收到请求后 {ms} 毫秒没有响应',
    fix: '可能是服务器过载，或者链路上有设备拦住了响应。请换用其他镜像：\n$ posthaste mirrors',
  },
  'http.reset': {
    title: '连接在响应之前被切断',
    fix: '可能是服务器故障，或被过滤设备切断。请换用其他镜像：\n$ posthaste mirrors',
  },
  'http.not_http': {
    title: '对方返回的不是 HTTP：{snippet}',
    fix: '请检查端口；如果是 https，地址要以 https:// 开头。',
  },
  'http.slow_ttfb': {
    title: '首字节耗时 {ms} 毫秒（再次请求：{again} 毫秒）',
    fix: '镜像需要回源，或已过载。使用本地缓存，同一文件只需等一次：\n$ posthaste serve',
  },
  'http.throttled': {
    title: '每个连接限速 {rate} kB/s：{megabytes} MB 需要 {duration}{otherText}',
    fix: '请换用其他镜像，或使用支持多连接下载的本地缓存：\n$ posthaste mirrors --apply',
  },
  'http.truncated': {
    title: '下载中断：共 {declared} 字节，只收到 {bytes} 字节',
    fix: '网关、杀毒软件或镜像有大小限制，或发生故障。Posthaste 可以从另一个源续传，请配置两个源：\n$ posthaste mirrors --apply',
  },
  'http.stall': {
    title: '下载中途停住：收到 {bytes} 字节后再无数据',
    fix: '请换用其他镜像；配置两个源时，Posthaste 会自动切换到正常的那个：\n$ posthaste mirrors --apply',
  },
  'http.wrong_content': {
    title: '请求的是软件包，返回的却是网页：{title}',
    fix: '可能是地址有误，或有网关代为响应：请用浏览器打开 {url} 查看。',
  },
  'integrity.mismatch': {
    title: '内容与发布时不一致：{reason}',
    fix: '请勿使用该源，也不要关闭校验。请与其他源对比，并反馈给其维护者：{url}',
  },
  'disk.full': {
    title: '{path} 所在磁盘已满（剩 {megabytes} MB）',
    fix: '请清理磁盘空间，或调低缓存上限：\n$ posthaste cache gc\n$ go clean -modcache',
  },
  'files.low_limit': {
    title: '最多只能同时打开 {soft} 个文件（硬限制 {hard}）',
    fix: '安装大型项目需要更高的上限：\n$ ulimit -n 8192',
  },
  'go.goproxy_invalid': {
    title: 'GOPROXY 有误：{detail}',
    fix: '请写完整的地址，并用 | 分隔：\n$ go env -w GOPROXY="http://127.0.0.1:7678/go|https://goproxy.cn|direct"',
  },
  'go.goproxy_comma': {
    title: 'GOPROXY 中 {first} 后面用了 ","：它不可用时，不会再尝试后面的源',
    fix: '改用 "|" 后，遇到任何错误都会尝试下一个源：\n$ go env -w GOPROXY="{detail}"',
  },
  'go.gosumdb_off': {
    title: 'GOSUMDB 已关闭：无法校验下载的模块是否与发布时一致',
    fix: '请重新启用；下载工具链也需要它：\n$ go env -u GOSUMDB',
  },
  'go.gosumdb_invalid': {
    title: 'GOSUMDB 有误：{detail}',
    fix: '请使用默认值，或它在中国大陆的地址：\n$ go env -w GOSUMDB=sum.golang.google.cn',
  },
  'go.nosumdb_all': {
    title: 'GONOSUMDB=* 使所有模块都不经校验和数据库校验',
    fix: '请只填写私有模块：\n$ go env -u GONOSUMDB',
  },
  'go.private_missing': {
    title: '项目依赖私有主机 {detail} 上的模块，但 GOPRIVATE 中没有它',
    fix: '这些模块的名称会被发送到公共服务器。请设为私有：\n$ go env -w GOPRIVATE={detail}',
  },
  'go.private_broad': {
    title: 'GOPRIVATE 中含有 {detail}：公共模块会因此绕过所有代理和校验和数据库',
    fix: '请只填写自己的组织：\n$ go env -w GOPRIVATE=github.com/YOUR-ORGANISATION',
  },
  'go.modcache_broken': {
    title: '模块缓存中有损坏的文件：{detail}',
    fix: '请清空缓存，go 会重新下载：\n$ go clean -modcache',
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
  'path.fault': { title: '链路有故障：{summary}', fix: '实时查看：\n$ posthaste trace {target}' },
} satisfies VerdictTexts
