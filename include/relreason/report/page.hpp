// relreason/report/page.hpp -- the report's HTML, style and script; report.hpp puts the data in place of /*DATA*/.
#pragma once

#include <string>

namespace relreason::report {

inline std::string page() {
  return std::string(R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>relreason report</title>
<style>
:root{--ink:#1c2430;--soft:#5b6675;--line:#dfe3e8;--paper:#fff;--card:#f7f8fa;--a:#2563a8;--b:#c2571a;--good:#23744a;--bad:#b3312c;--ground:#e6e8eb}
:root.dark{--ink:#e4e8ee;--soft:#9aa6b5;--line:#333c48;--paper:#14181e;--card:#1c222a;--a:#7db3f0;--b:#f0a36b;--good:#6cc795;--bad:#f0857f;--ground:#2a313a}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 20px 80px}h1{font-size:30px;line-height:1.2;margin:0 0 4px}h2{font-size:20px;margin:44px 0 12px}
p.sub{color:var(--soft);margin:0 0 20px}.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:2px 24px;margin:0}
.facts div{display:flex;flex-direction:column;border-top:1px solid var(--line);padding:7px 0}.facts dt{color:var(--soft);font-size:13px}.facts dd{margin:0;overflow-wrap:anywhere}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:20px}.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px}
.card h3{margin:0 0 6px;font-size:15px;font-weight:600}svg{display:block;width:100%;height:auto}svg text{fill:var(--soft);font:11px system-ui,sans-serif}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{padding:5px 10px 5px 0;text-align:left;border-bottom:1px solid var(--line)}th{font-weight:600;font-size:13px;color:var(--soft)}
td.n,th.n{text-align:right}.bar{display:inline-block;height:9px;border-radius:2px;vertical-align:middle;margin-right:8px}pre{overflow:auto;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px;font-size:12px;line-height:1.5}
button{font:inherit;font-size:14px;color:var(--ink);background:var(--card);border:1px solid var(--line);border-radius:6px;padding:4px 12px;cursor:pointer}button[aria-pressed=true]{border-color:var(--a);color:var(--a)}
button:focus-visible,rect:focus-visible{outline:2px solid var(--a);outline-offset:2px}.row{display:flex;gap:8px;flex-wrap:wrap;margin-bottom:14px}.head{display:flex;justify-content:space-between;align-items:start;gap:16px}
.right{color:var(--good)}.wrong{color:var(--bad)}.q{margin:8px 0 4px}.small{font-size:13px;color:var(--soft);margin:0}.key{font-size:13px;color:var(--soft)}.key b{display:inline-block;width:18px;height:3px;vertical-align:middle;margin:0 6px 0 12px}
#tip{position:fixed;pointer-events:none;background:var(--ink);color:var(--paper);font-size:13px;padding:3px 8px;border-radius:5px;display:none;z-index:2;max-width:320px}
</style></head><body><main>
<div class="head"><div><h1 id="title"></h1><p class="sub" id="subtitle"></p></div><button id="theme" aria-pressed="false">Dark</button></div>
<dl class="facts" id="facts"></dl>
<section><h2>Training</h2><p class="key" id="key"></p><div class="grid" id="charts"></div></section>
<section><h2>Accuracy by question type</h2><div id="types"></div></section><section><h2>Accuracy by answer class</h2><div id="classes"></div></section>
<section><h2>Answers given for each true answer</h2><p class="small">Rows are the truth, columns the prediction; darker means a larger share of the row. Point at a cell to read it.</p><div id="confusion"></div></section>
<section><h2>Questions</h2><p class="small" id="pairhelp">Lines show which pairs of objects the network used: the thicker, the larger the pair's part of the sum.</p><div class="row" id="filter"></div><div class="grid" id="samples"></div></section>
<section><h2>Model</h2><div id="drawing"></div><pre id="table"></pre></section>
</main><div id="tip" role="status"></div><script>const D=/*DATA*/;
)html") + R"html(
const $=i=>document.getElementById(i),S='http://www.w3.org/2000/svg',el=(t,a={},...c)=>{const e=t[0]=='.'?document.createElementNS(S,t.slice(1)):document.createElement(t);for(const k in a)e.setAttribute(k,a[k]);for(const x of c)e.append(x);return e};
const pct=v=>(100*v).toFixed(1)+' %',color=i=>['var(--a)','var(--b)','var(--good)','var(--soft)'][i%4],tip=$('tip');
function hint(e,text){e.addEventListener('pointermove',p=>{tip.textContent=typeof text=='function'?text(p):text;tip.style.display='block';tip.style.left=Math.min(p.clientX+12,innerWidth-tip.offsetWidth-8)+'px';tip.style.top=p.clientY+14+'px'});e.addEventListener('pointerleave',()=>tip.style.display='none')}
document.title=D.title;$('title').textContent=D.title;$('subtitle').textContent=D.subtitle;$('table').textContent=D.table;
for(const [k,v] of D.facts)$('facts').append(el('div',{},el('dt',{},k),el('dd',{},v)));
function theme(d){document.documentElement.classList.toggle('dark',d);$('theme').textContent=d?'Light':'Dark';$('theme').setAttribute('aria-pressed',d)}
theme(location.hash=='#dark'||(location.hash!='#light'&&matchMedia('(prefers-color-scheme: dark)').matches));$('theme').onclick=()=>theme(!document.documentElement.classList.contains('dark'));
D.systems.forEach((s,i)=>{const b=el('b');b.style.background=color(i);$('key').append(b,s)});
const num=v=>v==0?'0':Math.abs(v)<0.01?v.toExponential(1):Math.abs(v)>=1000?v.toFixed(0):+v.toPrecision(4)+'';
function chart(name){const W=340,H=200,L=46,R=10,T=10,B=26,cs=D.curves.filter(c=>c.chart==name&&c.points.length);if(!cs.length)return;
 const P=cs.flatMap(c=>c.points),x1=Math.max(...P.map(p=>p[0])),x0=Math.min(0,...P.map(p=>p[0]));let y0=Math.min(...P.map(p=>p[1])),y1=Math.max(...P.map(p=>p[1]));if(name.startsWith('accuracy')||name=='loss')y0=0;if(y1<=y0)y1=y0+(Math.abs(y0)||1);
 const X=x=>L+(x-x0)/(x1-x0||1)*(W-L-R),Y=y=>H-B-(y-y0)/(y1-y0)*(H-T-B),show=v=>name.startsWith('accuracy')?(100*v).toFixed(0)+' %':num(v);
 const g=el('.svg',{viewBox:`0 0 ${W} ${H}`,role:'img','aria-label':name+' over steps'});
 for(let i=0;i<=4;i++){const v=y0+(y1-y0)*i/4;g.append(el('.line',{x1:L,x2:W-R,y1:Y(v),y2:Y(v),stroke:'var(--line)'}),el('.text',{x:L-6,y:Y(v)+4,'text-anchor':'end'},show(v)))}
 for(let i=0;i<=3;i++){const v=x0+(x1-x0)*i/3;g.append(el('.text',{x:X(v),y:H-8,'text-anchor':i==3?'end':i?'middle':'start'},num(Math.round(v))))}
 for(const c of cs){const i=D.systems.indexOf(c.system);g.append(el('.polyline',{points:c.points.map(p=>X(p[0]).toFixed(1)+','+Y(p[1]).toFixed(1)).join(' '),fill:'none',stroke:color(i),'stroke-width':2}));if(c.points.length<40)for(const p of c.points)g.append(el('.circle',{cx:X(p[0]),cy:Y(p[1]),r:2.5,fill:color(i)}))}
 const cross=el('.line',{y1:T,y2:H-B,stroke:'var(--soft)','stroke-dasharray':'3 3',visibility:'hidden'});g.append(cross);
 hint(g,p=>{const m=g.createSVGPoint();m.x=p.clientX;m.y=p.clientY;const x=m.matrixTransform(g.getScreenCTM().inverse()).x;cross.setAttribute('visibility','visible');cross.setAttribute('x1',x);cross.setAttribute('x2',x);
  return cs.map(c=>{const q=c.points.reduce((a,b)=>Math.abs(X(b[0])-x)<Math.abs(X(a[0])-x)?b:a);return c.system+' at '+q[0]+': '+show(q[1])}).join('; ')});
 g.addEventListener('pointerleave',()=>cross.setAttribute('visibility','hidden'));$('charts').append(el('div',{class:'card'},el('h3',{},name[0].toUpperCase()+name.slice(1)),g))}
[...new Set(D.curves.map(c=>c.chart))].forEach(chart);
function shares(at,rows){const t=el('table'),h=el('tr',{},el('th',{scope:'col'},''));D.systems.forEach(s=>h.append(el('th',{scope:'col'},s)));h.append(el('th',{class:'n',scope:'col'},'questions'));t.append(h);
 for(const r of rows){const tr=el('tr',{},el('th',{scope:'row'},r.name));r.shares.forEach((v,i)=>{const td=el('td');if(v>=0){const b=el('span',{class:'bar'});b.style.width=Math.max(1,v*110)+'px';b.style.background=color(i);td.append(b,pct(v))}tr.append(td)});tr.append(el('td',{class:'n'},r.total));t.append(tr)}at.append(t)}
shares($('types'),D.types);shares($('classes'),D.classes);
(()=>{const n=D.labels.length;if(!n)return;const c=22,L=74,g=el('.svg',{viewBox:`0 0 ${L+n*c+4} ${L+n*c+4}`,role:'img','aria-label':'confusion matrix'});g.style.maxWidth='820px';
 for(let i=0;i<n;i++){g.append(el('.text',{x:L-6,y:L+i*c+15,'text-anchor':'end'},D.labels[i]),el('.text',{transform:`translate(${L+i*c+15},${L-6}) rotate(-60)`},D.labels[i]));let s=0;for(let j=0;j<n;j++)s+=D.confusion[i*n+j];
  for(let j=0;j<n;j++){const k=D.confusion[i*n+j],r=el('.rect',{x:L+j*c,y:L+i*c,width:c-1,height:c-1,fill:s&&k?(i==j?'var(--good)':'var(--bad)'):'var(--card)','fill-opacity':s&&k?0.12+0.88*k/s:1});hint(r,`true ${D.labels[i]}, predicted ${D.labels[j]}: ${k}`+(s?` (${pct(k/s)})`:''));g.append(r)}}$('confusion').append(g)})();
const rgb={gray:'#575757',red:'#ad2323',blue:'#2a4bd7',green:'#1d6914',brown:'#814a19',purple:'#8126c0',cyan:'#29d0d0',yellow:'#ffee33'};let serial=0;
function scene(s){const g=el('.svg',{viewBox:'0 0 480 320',role:'img','aria-label':'scene: '+s.objects.map(o=>[o.size,o.color,o.material,o.shape].join(' ')).join(', ')}),defs=el('.defs');g.append(defs,el('.rect',{width:480,height:320,fill:'var(--ground)',rx:4}));
 const n=s.objects.length,most=Math.max(...s.pairs,1e-12);[...s.objects.keys()].sort((a,b)=>s.objects[b].depth-s.objects[a].depth).forEach(i=>{const o=s.objects[i],r=(o.size=='large'?0.7:0.35)*525/o.depth,c=rgb[o.color],id='m'+serial++;
  const grad=el('.radialGradient',{id,cx:'.35',cy:'.3',r:'.8'});(o.material=='metal'?[['0','#fff',.95],['.25',c,1],['.7',c,1],['1','#000',.75]]:[['0','#fff',.25],['.4',c,1],['1',c,1]]).forEach(([at,k,op])=>grad.append(el('.stop',{offset:at,'stop-color':k,'stop-opacity':op})));defs.append(grad);
  const put=(t,a)=>{const base=el('.'+t,{...a,fill:c}),top=el('.'+t,{...a,fill:`url(#${id})`,stroke:'#0006'});const k=el('.g',{},base,top);hint(k,[o.size,o.color,o.material,o.shape].join(' '));g.append(k)};
  g.append(el('.ellipse',{cx:o.x,cy:o.y+r*.9,rx:r*1.1,ry:r*.35,fill:'#0002'}));
  if(o.shape=='sphere')put('circle',{cx:o.x,cy:o.y,r});else if(o.shape=='cube')put('path',{d:`M${o.x-r} ${o.y-r*.55}l${r} ${-r*.5}l${r} ${r*.5}v${r*1.1}l${-r} ${r*.5}l${-r} ${-r*.5}z`});else put('path',{d:`M${o.x-r} ${o.y-r*.8}a${r} ${r*.35} 0 0 1 ${2*r} 0v${r*1.6}a${r} ${r*.35} 0 0 1 ${-2*r} 0z`})});
 if(s.pairs.length==n*n)for(let a=0;a<n;a++)for(let b=0;b<a;b++){const w=(s.pairs[a*n+b]+s.pairs[b*n+a])/(2*most);if(w<.25)continue;const l=el('.line',{x1:s.objects[a].x,y1:s.objects[a].y,x2:s.objects[b].x,y2:s.objects[b].y,stroke:'var(--a)','stroke-width':(6*w*w).toFixed(2),'stroke-opacity':(.15+.75*w*w).toFixed(2),'stroke-linecap':'round'});hint(l,`${s.objects[a].color} ${s.objects[a].shape} and ${s.objects[b].color} ${s.objects[b].shape}: ${pct(w)} of the largest pair`);g.append(l)}return g}
const kinds=['all','wrong','right',...new Set(D.samples.map(s=>s.type))];let kind='all';
function samples(){$('samples').replaceChildren();const ok=s=>s.answer==s.prediction;D.samples.filter(s=>kind=='all'||(kind=='wrong'?!ok(s):kind=='right'?ok(s):s.type==kind)).sort((a,b)=>ok(a)-ok(b)).forEach(s=>{
 const top=s.top.map(t=>t[0]+' '+pct(t[1])).join(', ');$('samples').append(el('article',{class:'card'},scene(s),el('p',{class:'q'},s.question),el('p',{class:'small'},'answer '+s.answer+', ',el('b',{class:ok(s)?'right':'wrong'},(ok(s)?'predicted right: ':'predicted wrong: ')+s.prediction)),el('p',{class:'small'},top)))});
 for(const b of $('filter').children)b.setAttribute('aria-pressed',b.textContent==kind)}
for(const k of kinds){const b=el('button',{},k);b.onclick=()=>{kind=k;samples()};$('filter').append(b)}samples();if(!D.samples.some(s=>s.pairs.length))$('pairhelp').remove();
(()=>{const level={};D.model.forEach(l=>level[l.name]=l.reads.length?1+Math.max(...l.reads.map(r=>level[r]??0)):0);const rows=[];D.model.forEach(l=>(rows[level[l.name]]??=[]).push(l));
 const bw=250,bh=58,W=Math.max(...rows.map(r=>r.length))*(bw+24)+24,H=rows.length*(bh+40),g=el('.svg',{viewBox:`0 0 ${W} ${H}`,role:'img','aria-label':'drawing of the model'}),at={};g.style.maxWidth=W+'px';
 rows.forEach((r,y)=>r.forEach((l,i)=>at[l.name]=[W/2+(i-(r.length-1)/2)*(bw+24),y*(bh+40)+bh/2+6]));
 D.model.forEach(l=>[...new Set(l.reads)].forEach(r=>{const [a,b]=at[r],[c,d]=at[l.name];g.append(el('.path',{d:`M${a} ${b+bh/2}C${a} ${b+bh/2+26} ${c} ${d-bh/2-26} ${c} ${d-bh/2}`,fill:'none',stroke:'var(--soft)'}))}));
 D.model.forEach(l=>{const [x,y]=at[l.name],t=l.operation.length>42?l.operation.slice(0,40)+' …':l.operation,k=el('.g',{},el('.rect',{x:x-bw/2,y:y-bh/2,width:bw,height:bh,rx:l.kind=='input'?28:6,fill:'var(--card)',stroke:l.kind=='loss'?'var(--b)':'var(--line)'}),el('.text',{x,y:y-12,'text-anchor':'middle',style:'font-weight:600;font-size:13px;fill:var(--ink)'},l.name),el('.text',{x,y:y+4,'text-anchor':'middle'},t),el('.text',{x,y:y+19,'text-anchor':'middle'},(l.width?l.space+' x '+l.width:'')+(l.parameters?', '+l.parameters.toLocaleString('en')+' parameters':'')));hint(k,l.operation);g.append(k)});$('drawing').append(g)})();
</script></body></html>
)html";
}

}  // namespace relreason::report
