import { counted } from '../counted.ts'
import type { AreaMessages } from '../areas.ts'

const lang = 'zh'

export const messages: AreaMessages<'admin-overview'> = {
  title: '系统',
  well: '没有问题。',
  concerned: counted(lang, { other: '有 # 个问题需要处理。' }),
  figures: {
    running: '正在运行',
    runningNote: '本进程的请求',
    minute: '最近一分钟',
    minuteFailures: counted(lang, { other: '# 次失败' }),
    minuteWell: '无失败',
    generating: '正在生成',
    queued: counted(lang, { other: '# 个排队' }),
    queuedNone: '无排队',
    oldest: (age) => `最早 ${age}`,
    credentials: '可用凭据',
    ofAll: (all) => `共 ${all}`,
    charged: '今日扣费',
    held: (amount) => `冻结 ${amount}`,
  },
  chart: {
    title: '每分钟请求数',
    answered: '成功',
    failed: '失败',
    time: '时间',
    nothing: '最近一小时没有请求。',
  },
  concerns: '需要处理',
  concern: {
    'no-real-channel': {
      what: () => '只接入了沙盒：不会生成真实图片。',
      action: '添加渠道',
    },
    'no-usable-credential': {
      what: (subject) => `“${subject}”没有可用的凭据。`,
      action: '打开渠道',
    },
    'credential-attention': {
      what: (subject, count) => `“${subject}”中有${count}需要关注。`,
      action: '打开渠道',
    },
    'failures-high': {
      what: (_subject, count) => `最近一分钟有${count}失败。`,
      action: '打开绘图任务',
    },
    'queue-old': {
      what: (_subject, count) => `${count}在排队，最早的已等待超过一分钟。`,
      action: '打开绘图任务',
    },
    'ledger-drift': {
      what: () => '账本不平。请运行“pnpm sluice ledger verify”查看原因。',
      action: '打开用户',
    },
    'dependency-away': {
      what: (subject) => `无法连接“${subject}”。`,
      action: '打开渠道',
    },
  },
  counts: {
    credentials: counted(lang, { other: ' # 个凭据' }),
    jobs: counted(lang, { other: '# 个任务' }),
    requests: counted(lang, { other: ' # 个请求' }),
  },
  pools: '凭据',
  states: {
    active: '可用',
    cooling: '冷却中',
    paused: '已暂停',
    attention: '需关注',
    retired: '已停用',
  },
  today: '今天',
  stored: '已保存的图片',
  failedPictures: '失败的图片',
  users: '用户',
  banned: '已封禁',
  available: '用户可用额度',
}
