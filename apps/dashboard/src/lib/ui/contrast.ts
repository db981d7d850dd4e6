/** A colour of the table: OKLCH without alpha. */
export type Oklch = { lightness: number; chroma: number; hue: number }

export type ColourTable = {
  names: string[]
  /** Colours of the file that are not tokens of the table. */
  strays: string[]
  of(name: string): { light: Oklch; dark: Oklch }
}

const TOKEN = /--([a-z0-9-]+):\s*light-dark\(\s*oklch\(([^)]+)\),\s*oklch\(([^)]+)\)\s*\)/g
const COLOUR = /#[0-9a-f]{3,8}\b|\b(?:rgb|rgba|hsl|hsla|hwb|lab|lch|oklab|oklch)\([^)]*\)/gi

/** Reads the `light-dark()` table of a style sheet. */
export function readColours(css: string): ColourTable {
  const sides = new Map<string, { light: Oklch; dark: Oklch }>()
  const rest = css.replace(TOKEN, (_all, name: string, light: string, dark: string) => {
    sides.set(name, { light: parseOklch(light), dark: parseOklch(dark) })
    return ''
  })
  return {
    names: [...sides.keys()],
    strays: rest.match(COLOUR) ?? [],
    of(name) {
      const found = sides.get(name)
      if (!found) throw new Error(`no colour token named ${name}`)
      return found
    },
  }
}

/** Contrast of two opaque colours by WCAG 2.2 (1 to 21). */
export function contrast(one: Oklch, other: Oklch): number {
  const lights = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return ((lights[0] ?? 0) + 0.05) / ((lights[1] ?? 0) + 0.05)
}

function parseOklch(text: string): Oklch {
  const [lightness, chroma, hue] = text.split('/')[0]?.trim().split(/\s+/).map(Number) ?? []
  if (lightness === undefined || chroma === undefined || hue === undefined) {
    throw new Error(`not an oklch colour: ${text}`)
  }
  return { lightness, chroma, hue }
}

/** OKLab to linear sRGB (Ottosson 2020), clipped to the gamut as browsers clip, then relative luminance. */
function luminance({ lightness, chroma, hue }: Oklch): number {
  const a = chroma * Math.cos((hue * Math.PI) / 180)
  const b = chroma * Math.sin((hue * Math.PI) / 180)
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  const clip = (value: number) => Math.min(1, Math.max(0, value))
  const red = clip(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s)
  const green = clip(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s)
  const blue = clip(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s)
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
