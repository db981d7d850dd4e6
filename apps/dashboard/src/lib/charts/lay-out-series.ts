import type uPlot from 'uplot'
import type { Colour } from './colours.ts'

export type SeriesChart = {
  /** Sets new values; the chart updates without being created again. */
  set(timesMs: readonly number[], lines: readonly (readonly (number | null)[])[]): void
  /** Puts the crosshair on a time by its index, or hides it. */
  pointAt(index: number | undefined): void
  destroy(): void
}

type SettingsInput = {
  colours: readonly Colour[]
  height: number
  tick: (value: number) => string
  tickTime: (timeMs: number) => string
  /** Called when the crosshair moves to an index or is hidden. */
  point: (index: number | undefined) => void
}

const AREA_ALPHA = 0.08
const LINE_PX = 1.5
const AXIS_PX = { left: 52, bottom: 28 }

/** Renders a time series into `host` with uPlot, loaded on demand; follows the host's width and the theme. */
export async function layOutSeries(host: HTMLElement, input: SettingsInput): Promise<SeriesChart> {
  const { default: Plot } = await import('uplot')
  const palette = () => readPalette(host, input.colours)
  let colours = palette()

  const axis = (): Partial<uPlot.Axis> => ({
    stroke: () => colours.labels,
    font: '12px system-ui, sans-serif',
    grid: { stroke: () => colours.grid, width: 1 },
    ticks: { show: false },
  })
  const plot = new Plot(
    {
      width: Math.max(1, host.clientWidth),
      height: input.height,
      padding: [8, 20, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false },
        points: { size: 7, width: 0, fill: (_self, series) => colours.lines[series - 1] ?? '' },
      },
      scales: {
        x: { time: true },
        y: { range: (_self, _low, high) => [0, high > 0 ? high * 1.08 : 1] },
      },
      ms: 1,
      axes: [
        {
          ...axis(),
          size: AXIS_PX.bottom,
          space: 72,
          grid: { show: false },
          values: (_self, splits) => splits.map((split) => input.tickTime(split)),
        },
        {
          ...axis(),
          size: AXIS_PX.left,
          space: 44,
          values: (_self, splits) => splits.map((split) => input.tick(split)),
        },
      ],
      series: [
        {},
        ...input.colours.map((_colour, index) => ({
          width: LINE_PX,
          stroke: () => colours.lines[index] ?? '',
          fill: () => colours.areas[index] ?? '',
          points: { show: false },
        })),
      ],
      hooks: {
        setCursor: [(self) => input.point(self.cursor.idx ?? undefined)],
      },
    },
    [[], ...input.colours.map(() => [])],
    host,
  )

  const resized = new ResizeObserver(() => {
    if (host.clientWidth > 0) plot.setSize({ width: host.clientWidth, height: input.height })
  })
  resized.observe(host)
  const repaint = () => {
    colours = palette()
    plot.redraw()
  }
  const themed = new MutationObserver(repaint)
  themed.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  const dark = window.matchMedia('(prefers-color-scheme: dark)')
  dark.addEventListener('change', repaint)

  return {
    set: (timesMs, lines) => plot.setData([[...timesMs], ...lines.map((line) => [...line])]),
    pointAt(index) {
      const time = index === undefined ? undefined : plot.data[0][index]
      if (index === undefined || time === undefined) {
        plot.setCursor({ left: -10, top: -10 })
        input.point(undefined)
        return
      }
      plot.setCursor({ left: plot.valToPos(time, 'x'), top: 1 })
    },
    destroy() {
      resized.disconnect()
      themed.disconnect()
      dark.removeEventListener('change', repaint)
      plot.destroy()
    },
  }
}

/** The colour tokens as computed values for the canvas. */
function readPalette(host: HTMLElement, names: readonly Colour[]) {
  const read = (apply: (probe: HTMLElement) => void) => {
    // A new element each time: a transition of an existing one could yield an intermediate colour.
    const probe = document.createElement('span')
    apply(probe)
    host.append(probe)
    const { color } = getComputedStyle(probe)
    probe.remove()
    return color
  }
  const of = (colour: string) => read((probe) => void (probe.style.color = colour))
  const lines = names.map((name) => read((probe) => void (probe.className = name)))
  const areas = lines.map((line) =>
    of(`color-mix(in oklab, ${line} ${AREA_ALPHA * 100}%, transparent)`),
  )
  return { lines, areas, grid: of('var(--grid)'), labels: of('var(--muted)') }
}
