/** The page's policy forbids evaluating text; zod would try it once to see whether it may compile its schemas. */
import * as z from 'zod';

z.config({ jitless: true });
