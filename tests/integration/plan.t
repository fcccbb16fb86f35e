#!/usr/bin/python3
"""
Plans judged from outside: random small fleets and policies; a model of its own says what is broken in
every state that random orders respecting `after` pass through, with steps in flight together.
SEED=N runs one seed, XANH_SEEDS=N so many.
"""
import json, os, random, shutil, subprocess, tempfile
X=os.path.join(os.environ.get("XANH_BUILD","build/release"),"xanh")
TMP=tempfile.mkdtemp(prefix="xanh-plan-")
EPS=1e-2
def match_vm(s,v):
    if s.get("all"): pass
    for k in("vm","group","platform","agency"):
        if k in s:
            w=s[k] if isinstance(s[k],list) else [s[k]]
            if v["id" if k=="vm" else k] not in w: return False
    if "label" in s:
        w=s["label"] if isinstance(s["label"],list) else [s["label"]]
        if not set(w)&set(v["labels"]): return False
    return True
def match_host(s,h,R):
    r=R[h["rack"]]
    for k,val in(("host",h["id"]),("rack",h["rack"]),("room",r["room"]),("site",r["site"]),("cluster",h.get("cluster","default"))):
        if k in s:
            w=s[k] if isinstance(s[k],list) else [s[k]]
            if val not in w: return False
    if "label" in s:
        w=s["label"] if isinstance(s["label"],list) else [s["label"]]
        if not set(w)&set(h.get("labels",[])): return False
    return True
def watts(h,u):
    c=h["power_w"]; f=min(1,u/h["cpu"])*10 if h["cpu"] else 0; i=min(9,int(f)); return c[i]+(c[i+1]-c[i])*(f-i)
class Model:
    def __init__(s,F,P):
        s.F=F;s.P=P;s.R={r["id"]:r for r in F["racks"]};s.H={h["id"]:h for h in F["hosts"]};s.V={v["id"]:v for v in F["vms"]}
        s.G={f["id"]:f for f in F["feeds"]}
        s.cons=P.get("constraints",[])
        for v in F["vms"]:
            for k in("group","platform","agency"): v.setdefault(k,None)
            v.setdefault("labels",[])
            c=[max(v["cpu_used"],v.get("cpu_p95",v["cpu_used"])),v["memory_mib"],v.get("network_mbps",0)]
            for k in s.cons:
                if "preserve" in k:
                    t=k["preserve"]
                    if match_vm(t["select"],v):
                        i=["cpu","memory","network"].index(t["resource"]); c[i]=max(c[i],float(t["at_least"].split()[0]))
            v["_c"]=c
    def dom(s,h,kind):
        h=s.H[h]; r=s.R[h["rack"]]
        return {"host":h["id"],"rack":h["rack"],"room":r["room"],"site":r["site"],"cluster":h.get("cluster","default"),"all":"all"}[kind]
    def sets(s,t):
        out={}
        for v in s.F["vms"]:
            if v.get("running",True) and match_vm(t["select"],v):
                k=t.get("by","group"); n="all" if k=="all" else v[k]
                if n is not None: out.setdefault(n,[]).append(v["id"])
        return out
    def power(s,at,mode):
        used={h:0 for h in s.H}
        for v,hs in at.items():
            for h in hs: used[h]+=s.V[v]["cpu_used"]
        hw={}
        for h,o in s.H.items():
            m=mode[h]
            hw[h]=watts(o,used[h]) if m in("awake","waking","dozing") else o.get("sleep_w",0) if m=="asleep" else 0
        rw={r:o.get("other_load_w",0) for r,o in s.R.items()}
        for h,o in s.H.items(): rw[o["rack"]]+=hw[h]
        return hw,rw
    def feed(s,rw,lost=None):
        l={f:0.0 for f in s.G}
        for r,o in s.R.items():
            fs=[f for f in o["feeds"] if f!=lost]
            for f in fs: l[f]+=rw[r]/len(fs)
        return l
    def start(s):
        at={v["id"]:{v["host"]} if v["host"] else set() for v in s.F["vms"] if v.get("running",True)}
        mode={h:{"on":"awake","maintenance":"awake","unreachable":"awake","sleep":"asleep","off":"dark"}[o.get("state","on")] for h,o in s.H.items()}
        return at,mode
    def judge(s,at,mode,end):
        """{(constraint,index,about): excess}"""
        out={}
        def put(n,i,a,x):
            if x>EPS: out[(n,i,tuple(a))]=x
        hw,rw=s.power(at,mode)
        if not hasattr(s,"rw0"): s.rw0=rw
        on={h:[] for h in s.H}
        for v,hs in at.items():
            for h in hs: on[h].append(v)
        for h,o in s.H.items():
            tot=[sum(s.V[v]["_c"][i] for v in on[h]) for i in range(3)]
            ratio=[float(k["overbook"]["ratio"]) for k in s.cons if "overbook" in k and k["overbook"]["resource"]=="memory" and match_host(k["overbook"].get("hosts",{}),o,s.R)]
            put("cpu",None,[h],tot[0]-o["cpu"]); put("memory",None,[h],tot[1]-o["memory_mib"]*(min(ratio) if ratio else 1)); put("network",None,[h],tot[2]-o["network_mbps"])
            if o.get("state")=="maintenance" and on[h]: put("maintenance",None,[h],1)
        n=s.feed(rw); loss=dict(n)
        for g in s.G:
            l=s.feed(rw,g)
            for f in s.G:
                if f!=g: loss[f]=max(loss[f],l[f])
        for f,o in s.G.items():
            put("feed",None,[f],n[f]-o.get("max_load",1)*o["rating_w"]); put("feed_loss",None,[f],loss[f]-o["rating_w"])
        inl={r:o["inlet_c"]+o.get("inlet_c_per_kw",1)*(rw[r]-s.rw0[r])/1000 for r,o in s.R.items()}
        for r,o in s.R.items(): put("inlet",None,[r],(inl[r]-o["inlet_max_c"])*10)
        for v,hs in at.items():
            if any(s.V[v].get("security_level",1)>s.H[h].get("security_level",1) for h in hs): put("level",None,[v],1)
        for i,k in enumerate(s.cons):
            name,t=next(iter(k.items()))
            if t.get("continuous",True) is False and not end: continue
            hosts=[h for h,o in s.H.items() if match_host(t.get("hosts",{}) if isinstance(t.get("hosts",{}),dict) else {},o,s.R)]
            H=set(hosts)
            if name=="spread":
                for n_,m in s.sets(t).items():
                    c={}
                    for v in m:
                        for d in {s.dom(h,t["across"]) for h in at[v]}: c[d]=c.get(d,0)+1
                    for d,x in c.items(): put(name,i,[n_,d],x-t.get("max",1))
            elif name in("gather","among") and end:
                for n_,m in s.sets(t).items():
                    hs=[h for v in m for h in at[v]]
                    if not hs: continue
                    if name=="gather": ok=len({s.dom(h,t["within"]) for h in hs})==1
                    else: ok=any(all(match_host(it,s.H[h],s.R) for h in hs) for it in t["sets"])
                    put(name,i,[n_],0 if ok else 1)
            elif name=="split":
                c={}
                for v in at:
                    it=next((j for j,e in enumerate(t["sets"]) if match_vm(e,s.V[v])),None)
                    if it is None: continue
                    for h in at[v]: c.setdefault(s.dom(h,t.get("across","host")),set()).add(it)
                for d,x in c.items(): put(name,i,[d],int(len(x)>1))
            elif name=="lonely":
                c={}
                for v in at:
                    for d in {s.dom(h,t.get("across","host")) for h in at[v]}: c.setdefault(d,[]).append(v)
                for d,x in c.items(): put(name,i,[d],int(len(x)>1 and any(match_vm(t["select"],s.V[v]) for v in x)))
            elif name in("ban","fence"):
                for v in at:
                    if match_vm(t["select"],s.V[v]): put(name,i,[v],int(any((h in H)==(name=="ban") for h in at[v])))
            elif name=="overbook" and t["resource"]=="cpu":
                for h in hosts: put(name,i,[h],sum(s.V[v]["cpu"] for v in on[h])-t["ratio"]*s.H[h]["cpu"])
            elif name=="max_online": put(name,i,[],sum(mode[h] in("awake","waking","dozing") for h in hosts)-t["max"])
            elif name=="running_capacity": put(name,i,[],sum(bool(at[v]&H) for v in at)-t["max"])
            elif name=="resource_capacity":
                j=["cpu","memory","network"].index(t["resource"]); put(name,i,[],sum(s.V[v]["_c"][j] for v in at if at[v]&H)-float(t["max"].split()[0]))
            elif name=="reserve":
                for d in {s.dom(h,t.get("per","all")) for h in s.H}:
                    us=[h for h in s.H if s.dom(h,t.get("per","all"))==d and s.H[h].get("state","on") in("on","sleep")]
                    put(name,i,[d],min(len(us),t["hosts"])-sum(mode[h]=="awake" and not on[h] for h in us))
            elif name=="rack_power":
                fs={f for r in s.R for f in s.R[r]["feeds"]}
                for f in fs: put(name,i,[f],(loss if t.get("survive","one-feed")=="one-feed" else n)[f]-float(t["max"].split()[0])/100*s.G[f]["rating_w"])
            elif name=="power_cap": put(name,i,[],sum(hw[h] for h in hosts)-float(t["max"].split()[0]))
            elif name=="inlet_temperature":
                for r in s.R: put(name,i,[r],(inl[r]-float(t["max"].split()[0]))*10)
        for i,t in enumerate(s.P.get("security_levels",[])):
            lv=t["level"] if isinstance(t["level"],list) else [t["level"]]
            for h in s.H:
                ins=[v for v in on[h] if s.V[v].get("security_level",1) in lv]
                if not ins or t["hosts"]=="shared": continue
                bad=len(ins)<len(on[h]) or (t["hosts"]=="dedicated" and len({s.V[v]["agency"] for v in on[h]})>1)
                put("security_levels",i,[h],int(bad))
            if "racks" in t:
                for v in at:
                    if s.V[v].get("security_level",1) in lv and any(s.H[h]["rack"] not in t["racks"] for h in at[v]): put("security_levels",i,[v],1)
        return out
def begin(at,mode,st):
    if "vm" in st: at[st["vm"]]=at[st["vm"]]|{st["to"]}
    else: mode[st["host"]]="waking" if st["to"]=="on" else "dozing"
def finish(at,mode,st):
    if "vm" in st: at[st["vm"]]={st["to"]}
    else: mode[st["host"]]="awake" if st["to"]=="on" else "asleep"
def yaml(P): return json.dumps(P,ensure_ascii=False)
def run(F,P,tag):
    open(f"{TMP}/fleet{tag}.json","w").write(json.dumps({k:([{a:b for a,b in x.items() if a[0]!="_"} for x in v] if isinstance(v,list) else v) for k,v in F.items()}))
    open(f"{TMP}/policy{tag}.yaml","w").write(yaml(P))
    r=subprocess.run([X,"plan","--fleet",f"{TMP}/fleet{tag}.json","--policy",f"{TMP}/policy{tag}.yaml","-o","json"],capture_output=True,text=True,timeout=120)
    assert r.returncode in(0,2),(r.returncode,r.stderr[-800:])
    return json.loads(r.stdout),r.returncode
def verify(F,P,rnd,tag,orders=12):
    plan,rc=run(F,P,tag); M=Model(F,P)
    steps={s["step"]:s for s in plan["moves"]+plan["power"]}
    assert sorted(steps)==list(range(1,len(steps)+1))
    assert (rc==2)==bool(steps)
    at,mode=M.start(); base=M.judge(at,mode,True)
    got={(v["constraint"],v["index"],tuple(v["about"])) for v in plan["before"]["violations"]}
    assert got==set(base),("before",got^set(base))
    # never
    for m in plan["moves"]:
        v=M.V[m["vm"]]; assert v.get("running",True); assert m["from"]==v["host"]
        if m["from"]:
            assert v.get("movable",True); assert M.H[m["from"]].get("state","on") not in("unreachable","off","sleep")
            for c in M.cons:
                n,t=next(iter(c.items()))
                if n=="root": assert not match_vm(t["select"],v)
        st=M.H[m["to"]].get("state","on"); assert st in("on","sleep"),st
    for c in M.cons:
        n,t=next(iter(c.items()))
        if n=="quarantine":
            for m in plan["moves"]:
                for e in("from","to"): assert not(m[e] and match_host(t["hosts"],M.H[m[e]],M.R)),"quarantine"
            for p in plan["power"]: assert not match_host(t["hosts"],M.H[p["host"]],M.R)
    seq=[c for c in M.cons if "serialize" in c or "precedence" in c]
    def check(at,mode,flight,done):
        now=M.judge(at,mode,False)
        for k,x in now.items():
            lim=base.get(k,0)
            assert x<=lim+EPS*2,("state",k,x,lim,"in flight",sorted(flight),"done",sorted(done))
        for c in seq:
            n,t=next(iter(c.items()))
            if n=="serialize": assert sum("vm" in steps[i] and match_vm(t["select"],M.V[steps[i]["vm"]]) for i in flight)<=1,"serialize"
            else:
                if any("vm" in steps[i] and match_vm(t["then"],M.V[steps[i]["vm"]]) for i in flight|done):
                    assert all(i in done for i,s in steps.items() if "vm" in s and match_vm(t["first"],M.V[s["vm"]])),"precedence"
        for i in flight:
            if "vm" in steps[i]: assert mode[steps[i]["to"]]=="awake","enters asleep"
            elif steps[i]["to"]=="sleep": assert not any(steps[i]["host"] in hs for hs in at.values()),"sleep loaded"
    for o in range(orders+1):
        at,mode=M.start(); flight=set(); done=set()
        while len(done)<len(steps):
            can=[i for i in steps if i not in done and i not in flight and all(a in done for a in steps[i]["after"])]
            if o==0: # by number, one at a time
                i=min(i for i in steps if i not in done); assert i in can; begin(at,mode,steps[i]); flight={i}; check(at,mode,flight,done); finish(at,mode,steps[i]); flight=set(); done.add(i); check(at,mode,flight,done); continue
            greedy=o%3==1
            if can and (greedy or not flight or rnd.random()<0.6):
                i=rnd.choice(can); begin(at,mode,steps[i]); flight.add(i)
            else:
                i=rnd.choice(sorted(flight)); finish(at,mode,steps[i]); flight.discard(i); done.add(i)
            check(at,mode,flight,done)
    at,mode=M.start()
    for s in steps.values(): finish(at,mode,s)
    final=M.judge(at,mode,True)
    got={(v["constraint"],v["index"],tuple(v["about"])) for v in plan["after"]["violations"]}
    assert got==set(final),("after",got^set(final))
    assert len(final)<=len(base),"more broken"
    hw,rw=M.power(at,mode); it=sum(rw.values()); fac=sum(w*(1+M.R[r].get("cooling_w_per_w",0)) for r,w in rw.items())
    assert abs(it-plan["after"]["it_w"])<=0.005*max(it,1) and abs(fac-plan["after"]["facility_w"])<=0.005*max(fac,1)
    assert plan["bound"]["it_w"]<=plan["after"]["it_w"]+1e-6
    placed={m["vm"] for m in plan["moves"]}
    assert {u["vm"] for u in plan["unplaced"]}=={v["id"] for v in F["vms"] if not v["host"] and v.get("running",True) and v["id"] not in placed}
    # unplaced: could any host take it as the plan leaves it?
    bad=0
    hasprec=any("precedence" in c for c in M.cons)
    for u in plan["unplaced"]:
        for h,o in M.H.items():
            if o.get("state","on") not in("on","sleep") or M.R[o["rack"]].get("inlet_quality","good") in("suspect","stale","absent"): continue
            if any("quarantine" in c and match_host(c["quarantine"]["hosts"],o,M.R) for c in M.cons): continue
            if mode[h]=="asleep" and o.get("state")!="sleep": continue
            a2={v:set(x) for v,x in at.items()}; a2[u["vm"]]={h}; m2=dict(mode)
            if m2[h]=="asleep": m2[h]="awake"
            n2=M.judge(a2,m2,True)
            if all(x<=final.get(k,0)+EPS for k,x in n2.items()): bad+=1; break
    if bad and not hasprec: raise AssertionError("unplaced could go")
    # again
    F2=json.loads(json.dumps(F))
    for v in F2["vms"]:
        if v.get("running",True): v["host"]=next(iter(at[v["id"]]),None)
    for h in F2["hosts"]:
        h["state"]={"awake":h.get("state","on") if h.get("state","on")!="sleep" else "on","asleep":"sleep","dark":"off"}[mode[h["id"]]]
    for r in F2["racks"]: r["inlet_c"]+=r.get("inlet_c_per_kw",1)*(rw[r["id"]]-M.rw0[r["id"]])/1000
    p2,_=run(F2,P,tag+"b")
    n1=len(plan["moves"]); n2=len(p2["moves"])
    return n1,len(plan["power"]),n2,plan["bound"]["gap"],len(base),len(final),len(plan["unplaced"]),p2["before"]["facility_w"]-p2["after"]["facility_w"]
def gen(rnd):
    nr=rnd.randint(1,4); rooms=["room1","room2"]; F={"version":1,"now":"2026-11-23T10:00:00+07:00","feeds":[],"racks":[],"hosts":[],"vms":[]}
    shared=rnd.random()<0.3
    for r in range(nr):
        fs=[]
        for f in "AB"[:rnd.choice([0,1,2,2,2])]:
            fid=f"F{f}" if shared else f"R{r}/{f}"
            if all(x["id"]!=fid for x in F["feeds"]): F["feeds"].append({"id":fid,"rating_w":rnd.choice([600,900,1500,4000]),"max_load":rnd.choice([0.5,0.8,1.0])})
            fs.append(fid)
        F["racks"].append({"id":f"R{r}","room":rnd.choice(rooms),"site":"s1","feeds":fs,"inlet_c":rnd.choice([22,24,26.9]),"inlet_max_c":27,"inlet_c_per_kw":rnd.choice([1,3,8]),"cooling_w_per_w":rnd.choice([0,0.2,0.4]),"other_load_w":rnd.choice([0,50]),"inlet_quality":rnd.choice(["good"]*8+["stale","estimated"])})
    for h in range(rnd.randint(2,8)):
        idle=rnd.randint(50,120); full=idle+rnd.randint(50,200)
        mid=sorted(rnd.uniform(idle,full) for _ in range(9)) if rnd.random()<0.5 else [idle+(full-idle)*k/10 for k in range(1,10)]
        F["hosts"].append({"id":f"h{h}","rack":f"R{rnd.randrange(nr)}","cpu":rnd.choice([4,8]),"memory_mib":rnd.choice([8192,16384]),"network_mbps":1000,"power_w":[round(x,1) for x in [idle]+mid+[full]],"state":rnd.choice(["on"]*12+["sleep","sleep","off","maintenance","unreachable"]),"can_sleep":rnd.random()<0.7,"sleep_w":5,"security_level":rnd.choice([1,3,5,5,5]),"labels":rnd.sample(["ssd","gpu"],rnd.randint(0,2))})
    live=[h["id"] for h in F["hosts"] if h["state"] in("on","maintenance","unreachable")]
    for v in range(rnd.randint(2,18)):
        u=round(rnd.uniform(0,1.5),2)
        F["vms"].append({"id":f"v{v}","host":rnd.choice(live+[None]*(1 if rnd.random()<.4 else 0)) if live else None,"cpu":rnd.choice([1,2,4]),"cpu_used":u,"cpu_p95":round(u*rnd.uniform(1,1.6),2),"memory_mib":rnd.choice([512,1024,2048,4096]),"network_mbps":rnd.choice([0,50,200]),"group":rnd.choice([None,"g1","g2","g3"]),"agency":rnd.choice([None,"a","b"]),"platform":None,"labels":rnd.sample(["ha","web","db"],rnd.randint(0,2)),"security_level":rnd.choice([1,1,1,3]),"movable":rnd.random()<0.92,"running":rnd.random()<0.95})
    return F
def genp(rnd,F):
    H=lambda: rnd.choice([{"all":True},{"rack":rnd.choice(F["racks"])["id"]},{"label":"ssd"},{"host":[h["id"] for h in rnd.sample(F["hosts"],min(3,len(F["hosts"])))]}])
    S=lambda: rnd.choice([{"all":True},{"label":"ha"},{"group":["g1","g2"]},{"label":["web","db"]},{"agency":"a"},{"vm":[v["id"] for v in rnd.sample(F["vms"],min(3,len(F["vms"])))]}])
    D=lambda: rnd.choice(["host","rack","room","site"])
    mk=[lambda:{"spread":{"select":S(),"by":rnd.choice(["group","agency","all"]),"across":rnd.choice(["host","rack"]),"max":rnd.randint(1,3)}},
     lambda:{"gather":{"select":S(),"within":D()}},lambda:{"among":{"select":S(),"sets":[H(),H()]}},
     lambda:{"split":{"sets":[S(),S()],"across":rnd.choice(["host","rack"])}},lambda:{"lonely":{"select":{"vm":["v0"]}}},
     lambda:{"ban":{"select":S(),"hosts":H()}},lambda:{"fence":{"select":S(),"hosts":H()}},lambda:{"root":{"select":S()}},
     lambda:{"quarantine":{"hosts":{"host":[rnd.choice(F["hosts"])["id"]]}}},lambda:{"preserve":{"select":S(),"resource":"cpu","at_least":"1 cores"}},
     lambda:{"overbook":{"resource":"cpu","ratio":rnd.choice([1.5,2.0,3.0])}},lambda:{"overbook":{"resource":"memory","ratio":rnd.choice([0.8,1.0,1.5])}},
     lambda:{"max_online":{"hosts":H(),"max":rnd.randint(1,6)}},lambda:{"running_capacity":{"hosts":H(),"max":rnd.randint(2,12)}},
     lambda:{"resource_capacity":{"hosts":H(),"resource":"memory","max":f"{rnd.randint(2,20)*1024} MiB"}},lambda:{"reserve":{"hosts":rnd.randint(0,2),"per":rnd.choice(["all","rack","room"])}},
     lambda:{"rack_power":{"max":f"{rnd.choice([40,60,80])} %","survive":rnd.choice(["one-feed","none"])}},lambda:{"power_cap":{"hosts":H(),"max":f"{rnd.randint(200,1200)} W"}},
     lambda:{"inlet_temperature":{"max":f"{rnd.choice([24,26,27])} degC"}},lambda:{"precedence":{"first":S(),"then":S()}},lambda:{"serialize":{"select":S()}}]
    P={"kind":"policy","name":"p","constraints":[rnd.choice(mk)() for _ in range(rnd.choice([0,0,1,2,3,4]))]}
    for c in P["constraints"]:
        n,t=next(iter(c.items()))
        if n in("spread","split","lonely","max_online","running_capacity","resource_capacity","reserve","power_cap") and rnd.random()<.15: t["continuous"]=False
    if rnd.random()<.6: P["power_off"]={"idle_for":"30 min","keep_spare_hosts":rnd.choice([0,0,1])}
    if rnd.random()<.2: P["security_levels"]=[{"level":[3],"hosts":rnd.choice(["separated","dedicated","shared"])}]
    return P
DEMO={"version":1,"now":"2026-11-23T09:00:00+07:00",
 "feeds":[{"id":f"{r}/{f}","rating_w":22080,"max_load":0.8} for r in ("A01","A02") for f in "AB"],
 "racks":[{"id":"A01","room":"hall","site":"s","feeds":["A01/A","A01/B"],"inlet_c":22,"inlet_max_c":27,"cooling_w_per_w":0.30},
          {"id":"A02","room":"hall","site":"s","feeds":["A02/A","A02/B"],"inlet_c":23,"inlet_max_c":27,"cooling_w_per_w":0.45}],
 "hosts":[{"id":f"hv{n+1}","rack":f"A0{n+1}","cpu":2,"memory_mib":4096,"network_mbps":1000,
           "power_w":[60+full*k/10 for k in range(11)]} for n,full in enumerate((100,160))],
 "vms":[{"id":f"vm{i}","host":f"hv{i%2+1}","cpu":1,"cpu_used":0.1+0.02*i,"memory_mib":96} for i in range(1,7)]}
CONSOLIDATE=os.path.join(os.path.dirname(os.path.abspath(__file__)),"../../deploy/examples/policies/consolidate.yaml")

def command(*args):
    return subprocess.run([X,*args],capture_output=True,text=True,timeout=120)

def demo_consolidates():
    path=f"{TMP}/demo.json"; fleet=json.loads(json.dumps(DEMO))
    for expected in (2,0):
        json.dump(fleet,open(path,"w"))
        done=command("plan","--fleet",path,"--policy",CONSOLIDATE,"-o","json")
        assert done.returncode==expected and done.stderr=="",(done.returncode,done.stderr)
        plan=json.loads(done.stdout)
        assert bool(plan["moves"])==(expected==2)
        for move in plan["moves"]:
            assert (move["from"],move["to"])==("hv2","hv1") and move["saves_w"]>0
            next(v for v in fleet["vms"] if v["id"]==move["vm"])["host"]=move["to"]
    assert plan["before"]==plan["after"]

def same_bytes():
    path=f"{TMP}/demo.json"; json.dump(DEMO,open(path,"w"))
    plans=[json.loads(command("plan","--fleet",path,"--policy",CONSOLIDATE,"-o","json").stdout) for _ in range(2)]
    for plan in plans: plan.pop("elapsed_ms")
    assert plans[0]==plans[1]

def bad_input():
    fleet=json.loads(json.dumps(DEMO)); fleet["vms"][0]["host"]="nowhere"; fleet["hosts"][1]["power_w"][3]=1
    path=f"{TMP}/bad.json"; policy=f"{TMP}/bad.yaml"
    json.dump(fleet,open(path,"w")); open(policy,"w").write("kind: policy\nname: p\nmoves: {per_hour: many}\n")
    done=command("plan","--fleet",path,"--policy",policy,"-o","json")
    assert done.returncode==65 and done.stdout=="",done
    assert "nowhere" in done.stderr and "power_w falls" in done.stderr and f"{policy}:3:19: error:" in done.stderr,done.stderr
    assert command("policy","check",policy).returncode==65
    assert command("policy","check",f"{TMP}/absent.yaml").returncode==66
    done=command("policy","check",CONSOLIDATE)
    assert (done.returncode,done.stderr)==(0,""),done.stderr

def random_fleets():
    seeds=[int(os.environ["SEED"])] if "SEED" in os.environ else range(int(os.environ.get("XANH_SEEDS","80")))
    again=0
    for seed in seeds:
        rnd=random.Random(seed); fleet=gen(rnd); policy=genp(rnd,fleet)
        try: again+=verify(fleet,policy,rnd,"",6)[2]>0
        except AssertionError as wrong: raise AssertionError(f"SEED={seed}: {str(wrong)[:400]}")
    assert again<=len(seeds)//20,f"{again} of {len(seeds)} second plans still move"

tests=[demo_consolidates,same_bytes,bad_input,random_fleets]
print(f"1..{len(tests)}",flush=True)
for n,test in enumerate(tests,1):
    try: test(); print(f"ok {n} - {test.__name__}",flush=True)
    except (AssertionError,subprocess.TimeoutExpired) as wrong: print(f"not ok {n} - {test.__name__}\n# {str(wrong)[:1500]}",flush=True)
shutil.rmtree(TMP)
