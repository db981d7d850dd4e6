import { counted } from '../counted.ts'
import type { AreaMessages } from '../areas.ts'

const lang = 'zh'

export const messages: AreaMessages<'overview'> = {
  title: '概览',
  statusNew: '还没有请求。生成你的第一张图片吧。',
  statusQuiet: '今天还没有请求。',
  statusWell: (requests) => `今天 ${requests}，全部成功。`,
  statusFailures: (requests, failures) => `今天 ${requests}，其中 ${failures}。`,
  statusNoCredit: '余额已用尽：充值之前，请求会被拒绝。',
  failures: counted(lang, { other: '# 次失败' }),
  period: '时间范围',
  days: counted(lang, { other: '# 天' }),
  figures: {
    balance: '可用额度',
    held: (amount) => `${amount} 已为运行中的请求冻结`,
    heldNothing: '无冻结',
    requests: '请求数',
    spend: '已用额度',
    pictures: '图片',
    latency: '耗时中位数',
    p95: (time) => `p95 ${time}`,
    noLatency: '尚未测得',
  },
  trend: {
    up: (share) => `较上一周期 +${share}`,
    down: (share) => `较上一周期 −${share}`,
    level: '与上一周期持平',
    fresh: '上一周期没有数据',
  },
  charts: {
    requests: '每日请求数',
    spend: '每日消费（额度）',
    answered: '成功',
    failed: '失败',
    spent: '消费',
    day: '日期（UTC）',
    zone: '按 UTC 计日',
  },
  topModels: '消费最多的模型',
  topModelsEmpty: '这段时间没有使用任何模型。',
  modelNote: (requests, share) => `${requests} · ${share}`,
  allUsage: '全部用量',
  first: {
    title: '从这里开始',
    text: '在创作页生成一张图片，或创建 API 密钥，从程序调用网关。',
    studio: '打开创作',
    key: '创建 API 密钥',
    command: '在终端中调用，密钥放在 SLUICE_KEY 中',
  },
}
