/**
 * `<div ${css({ width: '14%' })}>`: numbers that only a run knows. The page's policy forbids style attributes, and lit's
 * own styleMap begins with one; this directive goes through the element's style object, which is allowed.
 */
import { noChange } from 'lit';
import { Directive, directive, type ElementPart, type PartInfo, PartType } from 'lit/directive.js';

class CssDirective extends Directive {
  private before: Readonly<Record<string, string>> = {};

  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error('css() belongs on an element.');
  }

  render(_properties: Readonly<Record<string, string>>): unknown {
    return noChange;
  }

  override update(part: ElementPart, [properties]: [Readonly<Record<string, string>>]): unknown {
    const { style } = part.element as HTMLElement | SVGElement;
    for (const name of Object.keys(this.before)) if (!(name in properties)) style.removeProperty(name);
    for (const [name, value] of Object.entries(properties))
      if (this.before[name] !== value) style.setProperty(name, value);
    this.before = properties;
    return noChange;
  }
}

export const css = directive(CssDirective);
