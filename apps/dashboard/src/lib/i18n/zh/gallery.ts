import { counted } from '../counted.ts'
import type { messages as english } from '../en/gallery.ts'
import type { Messages } from '../messages.ts'

export const messages: Messages<typeof english> = {
  title: '图库',
  search: '搜索提示词',
  state: '状态',
  allStates: '全部状态',
  model: '模型',
  allModels: '全部模型',
  from: '从',
  to: '至',
  view: '排列方式',
  even: '等高网格',
  masonry: '瀑布流',
  shown: counted('zh', { other: '已显示 # 张' }),
  end: '已全部显示。',
  none: '还没有图片',
  noneText: '你和你的 API 密钥生成的图片会显示在这里。',
  toStudio: '生成图片',
  noMatch: '没有符合条件的图片',
  noMatchText: '没有任务同时满足所有筛选条件，请移除一个。',
  clearFilters: '清除筛选',
  task: '绘图任务',
  back: '返回图库',
  follow: '在创作页打开',
}
