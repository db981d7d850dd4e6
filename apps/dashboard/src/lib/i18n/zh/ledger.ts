import type { AreaMessages } from '../areas.ts'

export const messages: AreaMessages<'ledger'> = {
  title: '账单流水',
  status: (available, held) => `可用 ${available}，冻结 ${held}。`,
  about: '额度的所有变动，最新的在前。分录从不修改。',
  columns: {
    at: '时间',
    kind: '分录',
    memo: '备注',
    charge: '扣费',
    amount: '金额',
    change: '可用变化',
  },
  kinds: {
    grant: '发放额度',
    purchase: '购买',
    hold: '冻结',
    capture: '扣费',
    release: '解冻',
    refund: '退款',
    adjust: '更正',
    receivable: '未付',
  },
  accounts: (debit, credit) => `从 ${debit} 到 ${credit}`,
  explain: '查看扣费明细',
  unchanged: '不变',
  empty: {
    title: '还没有分录',
    text: '发放的额度和扣费的请求会显示在这里。',
  },
  end: '已显示全部流水。',
}
