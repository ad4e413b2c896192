/** Exceptions with their history, and the log. */
import { html, nothing, type TemplateResult } from 'lit';
import * as format from '../model/format.ts';
import { nameOf } from '../model/graphIndex.ts';
import type { JobContext } from './context.ts';
import { linkButton } from './controls.ts';
import { crumbs } from './header.ts';
import { icon } from './icons.ts';
import { empty, sectionHead } from './words.ts';

export function eventsPage(context: JobContext): TemplateResult {
  const { job, controller, now } = context;
  return html`${crumbs(context, [], html`<h1>Exceptions and log</h1>`)}
    <div class="two">
      <section class="section" aria-label="Exceptions">
        ${sectionHead('Exceptions', String(job.exceptions.length))}
        ${
          job.exceptions.length === 0
            ? empty('Nothing has been thrown.')
            : html`<ol class="exceptions">
              ${job.exceptions.map(
                (exception) => html`<li>
                <div class="row"><span class="t-fail">${icon('failed')}</span><b class="grow">${exception.name}: ${exception.message}</b><span class="muted num nowrap">${format.day(exception.at, now)}</span></div>
                <p class="muted s12">${exception.subtask === null ? '' : nameOf(job.graph, exception.subtask)}${exception.operator === null ? '' : `, operator ${exception.operator}`}${exception.location === null ? nothing : html`, ${linkButton(`${format.fileName(exception.location.file)}:${exception.location.line}`, () => controller.openSource(exception.location!))}`}</p>
                ${exception.record === null ? nothing : html`<p class="s12">Record <span class="mono">${exception.record}</span></p>`}
                <pre tabindex="0" aria-label="Stack">${exception.stack}</pre>
              </li>`,
              )}
            </ol>`
        }
      </section>
      <section class="section" aria-label="Log">
        ${sectionHead('Log', `${format.counted(job.log.length, 'line')}`)}
        ${
          job.log.length === 0
            ? empty('Nothing has been logged.')
            : html`<ol class="log">${job.log.toReversed().map(({ at, level, text, subtask }) => html`<li><span class="muted num">${format.clock(at)}</span><span class="level ${level === 'error' ? 't-fail' : level === 'warning' ? 't-wait' : 'muted'}">${level}</span><span>${subtask === null ? '' : `${nameOf(job.graph, subtask)}: `}${text}</span></li>`)}</ol>`
        }
      </section>
    </div>`;
}
